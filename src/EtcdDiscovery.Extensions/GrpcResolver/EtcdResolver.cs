using System.Globalization;
using EtcdDiscovery.Primitives;
using Grpc.Core;
using Grpc.Net.Client.Balancer;

namespace EtcdDiscovery.GrpcResolver;

/// <summary>Passes the addresses of a service to a gRPC channel each time they change.</summary>
internal sealed class EtcdResolver(IServiceResolver services, string service, string port, TimeProvider timeProvider) : Resolver
{
    private static readonly Backoff RetryDelays = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    private readonly CancellationTokenSource _stopping = new();
    private readonly AsyncAutoResetEvent _refreshed = new(timeProvider);
    private Task? _following;

    public override void Start(Action<ResolverResult> listener) =>
        _following = Background.RunAsync(() => FollowAsync(listener, _stopping.Token));

    /// <summary>Retries immediately after a failure. Otherwise does nothing, because the watch already delivers all changes.</summary>
    public override void Refresh() => _refreshed.Set();

    protected override void Dispose(bool disposing)
    {
        _stopping.Cancel();
        base.Dispose(disposing);
    }

    private async Task FollowAsync(Action<ResolverResult> listener, CancellationToken stopping)
    {
        for (var failures = 1; !stopping.IsCancellationRequested; failures++)
        {
            try
            {
                await foreach (var update in services.WatchAsync(service, stopping).ConfigureAwait(false))
                {
                    listener(ResolverResult.ForResult(AddressesOf(update.Snapshot)));
                    failures = 0;
                }
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // The channel keeps using the addresses that it already has.
                listener(ResolverResult.ForFailure(new Status(StatusCode.Unavailable, error.Message)));
            }

            await _refreshed.WaitAsync(RetryDelays.DelayAfter(failures), stopping).ConfigureAwait(false);
        }
    }

    private List<BalancerAddress> AddressesOf(ServiceSnapshot snapshot) =>
        [.. snapshot.Instances.Where(instance => instance.Status == ServiceStatus.Serving).Select(AddressOf).OfType<BalancerAddress>()];

    private BalancerAddress? AddressOf(ServiceInstance instance)
    {
        var (host, ports) = instance.AddressIn(ServiceNetwork.Public);
        if (!ports.TryGetValue(port, out var number) || !ServiceUriBuilder.IsPort(number) || ServiceUriBuilder.DescribeBadHost(host) is not null)
        {
            return null;
        }

        var address = new BalancerAddress(host.Trim('[', ']'), int.Parse(number, CultureInfo.InvariantCulture));
        address.Attributes.Set(GrpcAddressAttributes.InstanceId, instance.Id);
        address.Attributes.Set(GrpcAddressAttributes.Weight, instance.Weight);
        SetIfKnown(address, GrpcAddressAttributes.Zone, instance.Zone);
        SetIfKnown(address, GrpcAddressAttributes.Shard, instance.Shard);
        return address;
    }

    private static void SetIfKnown(BalancerAddress address, BalancerAttributesKey<string> key, string? value)
    {
        if (value is not null)
        {
            address.Attributes.Set(key, value);
        }
    }
}
