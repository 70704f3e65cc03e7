using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Hosting;

/// <summary>The connection string that names etcd's endpoints.</summary>
/// <param name="Name">Its name in the section <c>ConnectionStrings</c>.</param>
internal sealed record ConnectionString(string Name)
{
    /// <exception cref="InvalidOperationException">The application uses another connection string already.</exception>
    public static void Add(IServiceCollection services, string name)
    {
        var known = services.Select(service => service.ImplementationInstance).OfType<ConnectionString>().FirstOrDefault();
        if (known is not null && known.Name != name)
        {
            throw new InvalidOperationException(
                $"AddEtcdDiscovery(\"{name}\") was called, but this application finds etcd by the connection string '{known.Name}' already: "
                + "service discovery uses one etcd cluster.");
        }

        if (known is null)
        {
            services.AddSingleton(new ConnectionString(name));
        }
    }

    /// <summary>Takes the endpoints from the connection string, if there is one.</summary>
    public void Bind(EtcdDiscoveryOptions options, IConfiguration configuration)
    {
        if (configuration.GetConnectionString(Name) is { Length: > 0 } text)
        {
            options.Etcd.Endpoints = Split(text);
        }
    }

    /// <summary>The endpoints in a text that separates them by commas.</summary>
    public static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
