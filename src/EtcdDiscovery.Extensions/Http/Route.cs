using System.Net;
using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Http;

/// <summary>What the beginning of a URL, such as <c>https+http://_grpc.catalog</c>, asks for.</summary>
internal sealed class Route
{
    // Instances are immutable and replaced whole, so what was worked out for one holds for as long as it is known.
    private readonly ConditionalWeakTable<ServiceInstance, Target> _public = [];
    private readonly ConditionalWeakTable<ServiceInstance, Target> _private = [];

    /// <summary>The route of no URL.</summary>
    public static Route Nowhere { get; } = new() { Text = "\0", Schemes = [] };

    /// <summary>The beginning of the URL, up to the path.</summary>
    public required string Text { get; init; }

    /// <summary>The service; null for a host that is none.</summary>
    public string? Service { get; init; }

    /// <summary>The schemes that will do, the preferred one first.</summary>
    public required string[] Schemes { get; init; }

    /// <summary>The port that is asked for by name; null when it is the scheme's.</summary>
    public string? Port { get; init; }

    /// <summary>The host name that requests carry; null for the instance's.</summary>
    public string? HostHeader { get; init; }

    /// <summary>The networks that an instance's address must be in; empty for any.</summary>
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; init; } = [];

    /// <summary>Scheme, host and port of a URL that asks for no service, when its scheme is one of ours such as <c>https+http</c>.</summary>
    public string? Origin { get; init; }

    /// <summary>Whether a request goes elsewhere than its URL says.</summary>
    public bool ChangesUri => Service is not null || Origin is not null;

    /// <summary>What follows the host in a URL of this route: path, query and fragment as they were written.</summary>
    public ReadOnlySpan<char> RestOf(Uri uri) => uri.OriginalString.AsSpan(Text.Length);

    /// <summary>Whether an instance may have this address.</summary>
    public bool Allows(IPAddress address) => AddressRules.Allow(AllowedNetworks, address);

    /// <summary>How an instance is reached.</summary>
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
