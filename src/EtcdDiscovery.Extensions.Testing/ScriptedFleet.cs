using System.Globalization;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Testing;

/// <summary>
/// A store in memory whose services and instances a test controls. Applications under test find these instances, and register their own in
/// the same store, as with etcd.
/// </summary>
/// <remarks>
/// <para>
/// Safe for concurrent use. Applications watch the store, so they see a change a moment after the method returns: wait for its effect.
/// Queries of a <see cref="FakeServiceResolver"/> see every earlier change.
/// </para>
/// <para>Dispose the fleet after the applications that use it.</para>
/// </remarks>
public sealed class ScriptedFleet : IDisposable
{
    private readonly ScriptedStore _store;
    private readonly Lock _scripting = new();
    private int _lastId;

    /// <summary>Creates a fleet without services.</summary>
    /// <param name="timeProvider">
    /// The clock of the store and of the applications that the fleet is added to, such as a <c>FakeTimeProvider</c>. By default the
    /// system's.
    /// </param>
    public ScriptedFleet(TimeProvider? timeProvider = null)
    {
        TimeProvider = timeProvider;
        _store = new ScriptedStore(timeProvider ?? TimeProvider.System);
    }

    internal IDiscoveryStore Store => _store;

    internal TimeProvider? TimeProvider { get; }

    /// <summary>Registers a new instance that takes requests.</summary>
    /// <param name="service">The name of its service.</param>
    /// <param name="url">Its scheme, host name and port, such as <c>http://127.0.0.1:5080</c>.</param>
    /// <returns>The instance.</returns>
    /// <exception cref="ArgumentException">The service name is invalid, or the URL has no port, or has a path or other parts.</exception>
    public ServiceInstance Up(string service, string url)
    {
        ArgumentNullException.ThrowIfNull(service);
        var (scheme, host, port) = PartsOf(url);
        var id = string.Create(CultureInfo.InvariantCulture, $"{service.Replace('/', '-')}-{Interlocked.Increment(ref _lastId)}");
        return Up(new ServiceInstance { Id = id, ServiceName = service, Hostname = host, Ports = new ServiceMap([new(scheme, port)]) });
    }

    /// <summary>Registers an instance, or replaces the one with the same service and id.</summary>
    /// <remarks>If the service has no description, it gets the one that a registration writes.</remarks>
    /// <param name="instance">The instance, with any status.</param>
    /// <returns>The instance.</returns>
    /// <exception cref="ArgumentException">The service name or id is invalid, or the instance has no host name.</exception>
    public ServiceInstance Up(ServiceInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        ThrowIfBadName(instance.ServiceName, nameof(instance));
        var value = ServiceJson.Encode(instance);
        if (instance.Id.Length == 0 || instance.Id.Contains('/', StringComparison.Ordinal))
        {
            throw new ArgumentException($"Id '{instance.Id}' is empty or contains '/'.", nameof(instance));
        }

        if (!ServiceJson.TryDecode(instance.ServiceName, instance.Id, value, out _, out var fault))
        {
            throw new ArgumentException($"Instance '{instance.Id}' could not be read by applications: {fault}.", nameof(instance));
        }

        _store.TryPut(new StorePut(ServiceKeys.Description(instance.ServiceName), ServiceJson.Encode(DescriptionOf(instance)))
        {
            IsDurable = true,
            ExpectedRevision = 0,
        });
        _store.TryPut(new StorePut(ServiceKeys.Instance(instance.ServiceName, instance.Id), value));
        return instance;
    }

    /// <summary>Puts the description of a service. The service then exists even without instances.</summary>
    /// <param name="service">The description.</param>
    /// <exception cref="ArgumentException">The service name is invalid.</exception>
    public void Describe(ServiceInfo service)
    {
        ArgumentNullException.ThrowIfNull(service);
        ThrowIfBadName(service.Name, nameof(service));
        _store.TryPut(new StorePut(ServiceKeys.Description(service.Name), ServiceJson.Encode(service)) { IsDurable = true });
    }

    /// <summary>Marks an instance as draining, as an application does when it begins to stop. It is no longer picked.</summary>
    /// <param name="instanceId">The id of the instance.</param>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public void Drain(string instanceId)
    {
        lock (_scripting)
        {
            var key = _store.Find(instanceId, out var value);
            var service = key[ServiceKeys.Instances.Length..^(instanceId.Length + 1)];
            if (ServiceJson.TryDecode(service, instanceId, value, out var instance, out _))
            {
                _store.TryPut(new StorePut(key, ServiceJson.Encode(instance with { Status = ServiceStatus.Draining })));
            }
        }
    }

    /// <summary>Marks an instance as draining and deletes it, as an application does when it stops.</summary>
    /// <param name="instanceId">The id of the instance.</param>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public void Down(string instanceId)
    {
        lock (_scripting)
        {
            Drain(instanceId);
            Expire(instanceId);
        }
    }

    /// <summary>Lets the session of an instance expire, as after a crash of its process.</summary>
    /// <remarks>
    /// <para>
    /// Applications keep instances that expire together with more than half of a service of four or more instances, and those that expire
    /// during or shortly after an outage, for <see cref="EtcdDiscoveryOptions.OutageGrace"/>.
    /// </para>
    /// <para>With the instance of an application under test, everything that the application has registered expires; it registers again.</para>
    /// </remarks>
    /// <param name="instanceId">The id of the instance.</param>
    /// <exception cref="ArgumentException">There is no such instance.</exception>
    public void Expire(string instanceId)
    {
        lock (_scripting)
        {
            _store.Expire(_store.Find(instanceId, out _));
        }
    }

    /// <summary>
    /// Makes the store unreachable for applications: calls fail with a transient error, and watches end, until <see cref="Restore"/>.
    /// </summary>
    /// <remarks>The fleet can still be changed. Applications see these changes after the outage.</remarks>
    public void Outage() => _store.BeginOutage();

    /// <summary>Ends an outage. Applications notice it at their next attempt, after at most <see cref="EtcdDiscoveryOptions.MaxRetryDelay"/>.</summary>
    public void Restore() => _store.EndOutage();

    /// <summary>Ends all watches, and deletes everything.</summary>
    public void Dispose() => _store.Close();

    // A real registration describes its service like this.
    private static ServiceInfo DescriptionOf(ServiceInstance instance) => instance.Public
        ? new()
        {
            Name = instance.ServiceName,
            Critical = instance.Critical,
            Public = true,
            Hostname = instance.Hostname,
            Ports = instance.Ports,
            Credentials = instance.Credentials,
        }
        : new() { Name = instance.ServiceName, Critical = instance.Critical };

    private static (string Scheme, string Host, string Port) PartsOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && uri is { UserInfo: "", PathAndQuery: "/" or "", Fragment: "", Host.Length: > 0, Port: > 0 }
            ? (uri.Scheme, uri.DnsSafeHost, uri.Port.ToString(CultureInfo.InvariantCulture))
            : throw new ArgumentException($"'{url}' is not a URL of scheme, host name and port, such as http://127.0.0.1:5080.", nameof(url));

    private static void ThrowIfBadName(string service, string parameter)
    {
        if (ServiceKeys.DescribeBadServiceName(service) is { } reason)
        {
            throw new ArgumentException($"Service name '{service}' {reason}.", parameter);
        }
    }
}
