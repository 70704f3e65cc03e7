using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Hosting;

/// <summary>The connection string that contains etcd's endpoints.</summary>
/// <param name="Name">Its name in the section <c>ConnectionStrings</c>.</param>
internal sealed record ConnectionString(string Name)
{
    /// <returns>Whether the application did not use this connection string before.</returns>
    /// <exception cref="InvalidOperationException">The application already uses another connection string.</exception>
    public static bool TryAdd(IServiceCollection services, string name)
    {
        var known = services.Select(service => service.ImplementationInstance).OfType<ConnectionString>().FirstOrDefault();
        if (known is not null && known.Name != name)
        {
            throw new InvalidOperationException(
                $"AddEtcdDiscovery(\"{name}\") was called, but this application already uses the connection string '{known.Name}': "
                + "service discovery uses one etcd cluster. Use the same name in all calls.");
        }

        if (known is not null)
        {
            return false;
        }

        services.AddSingleton(new ConnectionString(name));
        return true;
    }

    /// <summary>Sets the endpoints from the connection string, if it exists.</summary>
    public void Bind(EtcdDiscoveryOptions options, IConfiguration configuration)
    {
        if (configuration.GetConnectionString(Name) is { Length: > 0 } text)
        {
            options.Etcd.Endpoints = Split(text);
        }
    }

    /// <summary>Splits comma-separated endpoints.</summary>
    public static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
