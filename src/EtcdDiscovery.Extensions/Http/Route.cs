using System.Net;
using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Http;

/// <summary>The parsed beginning of a URL, such as <c>https+http://_grpc.catalog</c>.</summary>
internal sealed class Route
{
    // Caches targets by instance, because instances are immutable.
    private readonly ConditionalWeakTable<ServiceInstance, Target> _public = [];
    private readonly ConditionalWeakTable<ServiceInstance, Target> _private = [];
    private volatile string? _capitalized;

    /// <summary>The route for URLs without an authority.</summary>
    public static Route Nowhere { get; } = new() { Text = "\0", Schemes = [] };

    /// <summary>The beginning of the URL, up to the path.</summary>
    public required string Text { get; init; }

    /// <summary>The host of the URL, in lower case; null if it is not a service.</summary>
    public string? Host { get; init; }

    /// <summary>The service; null if the host is not a service.</summary>
    public string? Service => _capitalized ?? Host;

    /// <summary>The allowed schemes, the preferred one first.</summary>
    public required string[] Schemes { get; init; }

    /// <summary>The name of the requested port; null for the scheme's port.</summary>
    public string? Port { get; init; }

    /// <summary>The host name that requests carry; null for the instance's host name.</summary>
    public string? HostHeader { get; init; }

    /// <summary>The networks that an instance's address must be in; empty for any.</summary>
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; init; } = [];

    /// <summary>
    /// Scheme, host and port for a host that is not a service, if the URL has a combined scheme such as <c>https+http</c>; otherwise null.
    /// </summary>
    public string? Origin { get; init; }

    /// <summary>Whether the URL of a request has to be changed.</summary>
    public bool ChangesUri => Service is not null || Origin is not null;

    /// <summary>Sets the service's name if it differs from the host in case; null if it does not.</summary>
    public void Capitalize(string? service) => _capitalized = service;

    /// <summary>The rest of a URL of this route: path, query and fragment in their original form.</summary>
    public ReadOnlySpan<char> RestOf(Uri uri) => uri.OriginalString.AsSpan(Text.Length);

    /// <summary>Whether an instance may have this address.</summary>
    public bool Allows(IPAddress address) => AddressRules.Allow(AllowedNetworks, address);

    /// <summary>Gets the target of an instance.</summary>
    public Target TargetOf(ServiceInstance instance, ServiceNetwork network)
    {
        var known = network == ServiceNetwork.Private ? _private : _public;
        if (!known.TryGetValue(instance, out var target))
        {
            target = Target.Of(instance, network, this);
            known.AddOrUpdate(instance, target);
        }

        return target;
    }
}
