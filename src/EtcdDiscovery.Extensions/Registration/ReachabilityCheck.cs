using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

/// <summary>Logs a warning if clients cannot reach an instance that is being registered.</summary>
/// <param name="variable">Reads an environment variable.</param>
/// <param name="resolveAsync">Resolves a host name.</param>
/// <param name="logger">The logger.</param>
internal sealed partial class ReachabilityCheck(
    Func<string, string?> variable, Func<string, CancellationToken, Task<IPAddress[]>> resolveAsync, ILogger logger) : IAsyncDisposable, IDisposable
{
    private const string Section = $"{EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Service)}";
    private const string HostnameSetting = $"{Section}:{nameof(ServiceRegistrationOptions.Hostname)}";
    private const string PrivateHostnameSetting = $"{Section}:{nameof(ServiceRegistrationOptions.PrivateHostname)}";

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _changing = new();
    private Task _resolving = Task.CompletedTask;

    /// <summary>Logs at most one warning about the name, one about the ports, and one about each host name.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="usesNodeHostname">Whether its private host name is the machine's name, because none is configured.</param>
    public void Check(ServiceInstance instance, bool usesNodeHostname)
    {
        var service = LogSanitizer.Sanitize(instance.ServiceName);
        if (instance.ServiceName.Any(char.IsUpper))
        {
            Log.NameWithCapitals(logger, service);
        }

        if (instance is { Ports: not { Count: > 0 }, PrivatePorts: not { Count: > 0 } })
        {
            // Without ports, the host name does not matter.
            Log.NoPorts(logger, service);
            return;
        }

        if (instance.Public)
        {
            CheckPublicHost(instance, service);
        }

        var host = instance.PrivateHostname ?? "";
        var setting = instance.Public ? PrivateHostnameSetting : HostnameSetting;
        if (usesNodeHostname && NodeHostname.DescribeGenerated(host, variable) is { } kind)
        {
            Log.GeneratedHost(logger, service, LogSanitizer.Sanitize(host), kind, setting);
        }
        else if (!usesNodeHostname || !instance.Public)
        {
            Resolve(service, host, setting);
        }
    }

    public void Dispose() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _resolving.ConfigureAwait(false);
    }

    private void CheckPublicHost(ServiceInstance instance, string service)
    {
        if (instance.Hostname.Length == 0)
        {
            Log.NoHostname(logger, service);
        }
        else if (LoopbackHost.Is(instance.Hostname))
        {
            Log.LoopbackHost(logger, service, LogSanitizer.Sanitize(instance.Hostname));
        }
        else
        {
            Resolve(service, instance.Hostname, HostnameSetting);
        }
    }

    private void Resolve(string service, string host, string setting)
    {
        if (host.Length == 0 || LoopbackHost.Is(host) || IPAddress.TryParse(host.Trim('[', ']'), out _))
        {
            return;
        }

        lock (_changing)
        {
            var before = _resolving;
            _resolving = Background.RunAsync(async () =>
            {
                await before.ConfigureAwait(false);
                await ResolveAsync(service, host, setting).ConfigureAwait(false);
            });
        }
    }

    private async Task ResolveAsync(string service, string host, string setting)
    {
        try
        {
            await resolveAsync(host, _stopping.Token).ConfigureAwait(false);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
        {
            Log.UnresolvableHost(logger, service, LogSanitizer.Sanitize(host), setting);
        }
        catch (Exception)
        {
            // DNS is unavailable, or the application is stopping, so the name may be valid.
        }
    }
}
