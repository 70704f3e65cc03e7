using EtcdDiscovery.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Hosting;

/// <summary>Provides the current user and password for etcd from the configuration. An invalid change is ignored.</summary>
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

    /// <summary>The current login; null if none is configured. Cheap, and safe for concurrent use.</summary>
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
            // The configuration provider, the binder, a validator or a delegate of the application may throw any exception. The hosted
            // service reports the error; a call to etcd must not fail because of it.
        }

        return _current;
    }

    public void Dispose() => _subscription.Dispose();
}
