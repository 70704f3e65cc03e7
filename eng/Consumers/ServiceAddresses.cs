using EtcdDiscovery;

namespace Consumer.Library;

/// <summary>A class library that knows only <see cref="IServiceResolver"/>. eng/pack-check.sh builds it.</summary>
public sealed class ServiceAddresses(IServiceResolver resolver)
{
    public Task<Uri> FindAsync(string service, CancellationToken cancellationToken) =>
        resolver.GetUriAsync(service, "http", cancellationToken: cancellationToken).AsTask();
}
