using EtcdDiscovery.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Hosting;

/// <summary>The user and password for etcd as the configuration has them now. A change that is wrong changes nothing.</summary>
internal sealed class CurrentEtcdLogin : IDisposable
{
    private readonly IOptionsFactory<EtcdDiscoveryOptions> _factory;
    private readonly IDisposable _subscription;
    private volatile EtcdLogin? _current;
    private volatile bool _isOutdated;

    public CurrentEtcdLogin(
        IOptions<EtcdDiscoveryOptions> options, IOptionsFactory<EtcdDiscoveryOptions> factory, IConfiguration configuration)
    {
        _factory = factory;
        _current = EtcdLogin.Of(options.Value.Etcd);
        _subscription = ChangeToken.OnChange(configuration.GetReloadToken, () => _isOutdated = true);
    }

    /// <summary>The latest one; null when none is configured. Cheap, and safe for concurrent use.</summary>
    public EtcdLogin? Get()
    {
        if (!_isOutdated)
        {
            return _current;
        }

        _isOutdated = false;
        try
        {
            _current = EtcdLogin.Of(_factory.Create(Options.DefaultName).Etcd);
        }
        catch (Exception)
        {
            // The configuration's provider, binder, validators or the application's own delegates: any of them may throw. What
            // follows the configuration reports it; a call to etcd must not fail for it.
        }

        return _current;
    }

    public void Dispose() => _subscription.Dispose();
}
