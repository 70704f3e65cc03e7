using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace EtcdDiscovery.AspNetCore;

/// <summary>An endpoint of the configuration section <c>Kestrel:Endpoints</c>.</summary>
/// <param name="Name">Its name, such as <c>Grpc</c>.</param>
/// <param name="Address">Its address as configured.</param>
/// <param name="SpeaksHttp1">Whether it supports HTTP/1.1.</param>
internal sealed record KestrelEndpoint(string Name, Binding Address, bool SpeaksHttp1)
{
    private const string AnyPort = "0";

    /// <summary>The port's name in the store. Host names in URLs, such as <c>_grpc.catalog</c>, are lower case.</summary>
    public string PortName => Name.ToLowerInvariant();

    /// <summary>Assigns the endpoints of the configuration to the bindings of the server.</summary>
    public static List<Binding> Assign(IConfiguration configuration, List<Binding> bindings)
    {
        var endpoints = Read(configuration);
        var named = bindings.ConvertAll(binding => binding with
        {
            Endpoint = endpoints.Find(endpoint => (endpoint.Address.Scheme, endpoint.Address.Port) == (binding.Scheme, binding.Port)),
        });
        foreach (var unassigned in endpoints.Where(endpoint => endpoint.Address.Port == AnyPort).Reverse())
        {
            // Kestrel binds configured endpoints in order, after the endpoints that are defined in code.
            var index = named.FindLastIndex(binding => binding.Endpoint is null && binding.Scheme == unassigned.Address.Scheme);
            if (index >= 0)
            {
                named[index] = named[index] with { Endpoint = unassigned };
            }
        }

        return named;
    }

    private static List<KestrelEndpoint> Read(IConfiguration configuration)
    {
        var kestrel = configuration.GetSection("Kestrel");
        var defaults = kestrel["EndpointDefaults:Protocols"];
        var endpoints = new List<KestrelEndpoint>();
        foreach (var endpoint in kestrel.GetSection("Endpoints").GetChildren())
        {
            if (TryParse(endpoint["Url"]) is { } address)
            {
                var protocols = endpoint["Protocols"] ?? defaults;
                endpoints.Add(new(endpoint.Key, address, protocols?.Contains("Http1", StringComparison.OrdinalIgnoreCase) ?? true));
            }
        }

        return endpoints;
    }

    private static Binding? TryParse(string? url)
    {
        try
        {
            return string.IsNullOrEmpty(url) ? null : Binding.Of(BindingAddress.Parse(url));
        }
        catch (FormatException)
        {
            // If Kestrel is the server, it reports the invalid URL.
            return null;
        }
    }
}
