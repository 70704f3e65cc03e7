using EtcdDiscovery.Etcd;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using Etcdserverpb;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The current number of everything that can leak.</summary>
internal sealed record LeakCount(int Connections, int Streams, int Timers, int HeldSessions)
{
    public bool IsAtMost(LeakCount other, int more) =>
        Connections <= other.Connections + more
        && Streams <= other.Streams + more
        && Timers <= other.Timers + more
        && HeldSessions <= other.HeldSessions + more;
}

/// <summary>Registrations on a fake etcd that repeatedly loses their sessions, in accelerated time.</summary>
internal sealed class LosingHosts : IAsyncDisposable
{
    public const int Count = 20;

    private static readonly Backoff Quick = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(50));

    private readonly FastClock _clock;
    private readonly FakeEtcd _fake;
    private readonly List<(SessionLoop Loop, SessionCensus Store)> _hosts = [];

    private LosingHosts(FastClock clock, FakeEtcd fake) => (_clock, _fake) = (clock, fake);

    /// <summary>Whether streams are reset, too, which hides streams that are never closed.</summary>
    public bool BreaksStreams { get; set; } = true;

    /// <summary>Starts the hosts.</summary>
    /// <param name="wrap">Decorates the store of each host.</param>
    public static async Task<LosingHosts> StartAsync(Func<IDiscoveryStore, FastClock, IDiscoveryStore> wrap)
    {
        var clock = new FastClock(speed: 10);
        var hosts = new LosingHosts(clock, await FakeEtcd.StartAsync(clock));
        for (var i = 0; i < Count; i++)
        {
            hosts.Add(wrap, $"shop-{i}");
        }

        return hosts;
    }

    /// <summary>Runs until this number of sessions has been lost since the start.</summary>
    public async Task LoseAsync(int sessions)
    {
        for (var round = 0; _hosts.Sum(host => host.Store.Opened) < sessions + Count; round++)
        {
            var renewals = _fake.Calls(FakeEtcd.KeepAlive);
            Lose(round);
            await Eventually.TrueAsync(
                () => Task.FromResult(_fake.Calls(FakeEtcd.KeepAlive) >= renewals + (2 * Count)), "each host has failed to renew twice");
        }
    }

    public LeakCount Look()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return new(_fake.Connections, _fake.Streams, _clock.Timers, _hosts.Sum(host => host.Store.Held));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (loop, store) in _hosts)
        {
            loop.Dispose();
            await store.DisposeAsync();
        }

        await _fake.DisposeAsync();
    }

    private void Add(Func<IDiscoveryStore, FastClock, IDiscoveryStore> wrap, string service)
    {
        var options = new EtcdOptions { Endpoints = [_fake.Endpoint], RequestTimeout = TimeSpan.FromMinutes(1) };
        var store = new SessionCensus(wrap(new EtcdStore(options, _clock, NullLoggerFactory.Instance), _clock));
        var settings = new SessionSettings(TimeSpan.FromSeconds(2), TimeSpan.Zero, Quick);
        var loop = new SessionLoop(store, settings, _clock, NullLoggerFactory.Instance);
        loop.Add(new ServiceRegistration(new ServiceRegistrationOptions { Name = service }, "node", loop.Session, loop.Drain));
        _hosts.Add((loop, store));
    }

    // The watch detects one of three losses, the renewal two. Some also reset the streams of the connection.
    private void Lose(int round)
    {
        if (round % 3 == 0)
        {
            foreach (var lease in _fake.Data.Leases)
            {
                _fake.Data.Revoke(new LeaseRevokeRequest { ID = lease });
            }
        }

        _fake.Data.ForgetLeases();
        if (BreaksStreams && round % 5 == 4)
        {
            _fake.BreakStreams();
        }
    }
}
