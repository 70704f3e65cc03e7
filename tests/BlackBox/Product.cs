using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.BlackBox;

/// <summary>An instance as a test sees it.</summary>
internal sealed record FoundInstance(string Id, string Hostname, IReadOnlyDictionary<string, string>? Ports);

/// <summary>
/// The adapter between these tests and the library's public API: the only file here that names a member of it, and so the
/// only one to change when the API does.
/// </summary>
internal static class Product
{
    /// <summary>Adds discovery to an application; the settings come from its configuration.</summary>
    public static void AddDiscovery(this IHostApplicationBuilder builder) => builder.Services.AddEtcdDiscovery();

    /// <summary>Adds discovery to one <c>HttpClient</c>, or to the defaults of all.</summary>
    public static IHttpClientBuilder AddDiscovery(this IHttpClientBuilder client) => client.AddEtcdDiscovery();

    /// <summary>The settings that register an application under a name with one port.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Settings(string etcd, string? service = null, string? scheme = null, int port = 0)
    {
        yield return new("EtcdDiscovery:Etcd:Endpoints:0", etcd);
        if (service is null)
        {
            yield break;
        }

        yield return new("EtcdDiscovery:Service:Name", service);
        yield return new("EtcdDiscovery:Service:Hostname", "127.0.0.1");
        if (scheme is not null)
        {
            yield return new($"EtcdDiscovery:Service:Ports:{scheme}", port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Waits until the application's own registration stands in etcd.</summary>
    public static async Task RegisteredAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        foreach (var registration in services.GetRequiredService<IServiceRegistry>().Registrations)
        {
            await registration.WaitUntilRegisteredAsync(cancellationToken);
        }
    }

    /// <summary>The instances of a service that take requests; none when nothing is known of it.</summary>
    public static async Task<IReadOnlyList<FoundInstance>> InstancesAsync(
        this IServiceProvider services, string service, CancellationToken cancellationToken)
    {
        var snapshot = await services.GetRequiredService<IServiceResolver>().GetSnapshotAsync(service, cancellationToken);
        return [.. snapshot.Instances.Select(found => new FoundInstance(found.Id, found.Hostname, found.Ports))];
    }
}
