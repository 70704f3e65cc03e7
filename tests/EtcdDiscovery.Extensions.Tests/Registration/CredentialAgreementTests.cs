using System.Globalization;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Random, reproducible histories of a service: in the end, all hosts agree and none writes.</summary>
/// <remarks>
/// Real threads would not be reproducible. So a host is only its pure state, and a random generator decides which one plans, writes,
/// receives an answer or observes a change next. Answers are lost and changes are late, as on a network.
/// </remarks>
public sealed class CredentialAgreementTests
{
    private const int Steps = 10_000;

    [Theory]
    [InlineData(1)]
    [InlineData(20_261_122)]
    public async Task Hosts_AfterTenThousandRandomSteps_AgreeAndStopWriting(int seed)
    {
        var dice = new Random(seed);
        await using var world = new World(hosts: 5);
        for (var step = 1; step <= Steps; step++)
        {
            await world.StepAsync(dice);
            if (step % 500 == 0)
            {
                await world.RestAsync($"seed {seed}, step {step}");
            }
        }
    }

    private sealed class World : IAsyncDisposable
    {
        private const string InfoKey = "/services_infos/shop";
        private const int MaxRounds = 50;

        private readonly InMemoryDiscoveryStore _store = new();
        private readonly List<StoreEvent> _history = [];
        private readonly List<SimulatedHost> _hosts = [];
        private IDiscoverySession _raw = null!;
        private int _names;

        public World(int hosts)
        {
            for (var i = 0; i < hosts; i++)
            {
                _hosts.Add(new SimulatedHost(this, i, _store));
            }
        }

        public List<StoreEvent> History => _history;

        private static CancellationToken Token => TestContext.Current.CancellationToken;

        public async Task StepAsync(Random dice)
        {
            _raw ??= await _store.OpenSessionAsync(TimeSpan.FromDays(1), Token);
            var host = _hosts[dice.Next(_hosts.Count)];
            switch (dice.Next(100))
            {
                case < 30:
                    await host.PlanAsync();
                    break;
                case < 50:
                    await host.WriteAsync(isAnswerLost: dice.Next(20) == 0);
                    break;
                case < 65:
                    host.TakeAnswer();
                    break;
                case < 90:
                    host.Hear();
                    break;
                case < 92:
                    host.Content = host.Content.OnChanged(host.Content.Desired.With(NewCredentials()), DescriptionWriteMode.Overwrite);
                    break;
                case < 94:
                    var status = (ServiceStatus)dice.Next(3);
                    host.Content = host.Content.OnChanged(host.Content.Desired.With(status, null), null);
                    break;
                case < 95:
                    await host.LoseSessionAsync();
                    break;
                case < 99:
                    await InterfereAsync(dice.Next(6));
                    break;
                default:
                    await PutAsync(_raw, [new StorePut(host.Key, "overwritten"u8.ToArray())]);
                    break;
            }
        }

        /// <summary>Lets all hosts finish, and asserts that they agree and have nothing left to write.</summary>
        public async Task RestAsync(string when)
        {
            for (var round = 0; _hosts.Any(host => host.IsBusy); round++)
            {
                Assert.True(round < MaxRounds, $"The hosts update each other in a loop: {when}");
                foreach (var host in _hosts)
                {
                    await host.FinishAsync();
                }
            }

            var entries = (await _store.ReadAsync([StoreRange.Prefix("/services")], Token)).Entries;
            Assert.Equal(_hosts.Count + 1, entries.Count);
            var info = entries.Single(entry => entry.Key == InfoKey);
            Assert.True(ServiceJson.TryDecode("shop", info.Value, out ServiceInfo? read, out _), when);
            foreach (var host in _hosts)
            {
                Assert.Equal(read.Credentials, host.Content.Desired.Instance.Credentials);
                var stored = entries.Single(entry => entry.Key == host.Key);
                Assert.True(stored.Value.Span.SequenceEqual(host.Content.Desired.Value.Span), $"{host.Key}: {when}");
            }
        }

        public async Task<long?> PutAsync(IDiscoverySession session, IReadOnlyList<StorePut> puts)
        {
            if (await session.TryPutAsync(puts, Token) is not { } revision)
            {
                return null;
            }

            _history.AddRange(puts.Select(put => new StoreEvent(put.Key, put.Value, revision.Number)));
            return revision.Number;
        }

        public async Task DeleteAsync(IDiscoverySession session, string key)
        {
            var before = (await _store.ReadAsync([StoreRange.Exact(key)], Token)).Revision;
            await session.DeleteAsync([key], Token);
            var after = (await _store.ReadAsync([StoreRange.Exact(key)], Token)).Revision;
            if (after != before)
            {
                _history.Add(new StoreEvent(key, null, after.Number));
            }
        }

        public async ValueTask DisposeAsync() => await _store.DisposeAsync();

        private Task InterfereAsync(int how) => how switch
        {
            0 => DeleteAsync(_raw, InfoKey),
            1 => DescribeAsync("""{"name":"shop","critical":false}"""u8.ToArray()),
            2 => DescribeAsync("{"u8.ToArray()),
            3 => DescribeAsync(ServiceJson.Encode(new ServiceInfo { Name = "shop", Hostname = "h.dev", Public = true })),
            _ => DescribeAsync(ServiceJson.Encode(new ServiceInfo
            {
                Name = "shop",
                Hostname = "go.dev",
                Public = true,
                Credentials = NewCredentials(),
            })),
        };

        private async Task DescribeAsync(byte[] value) =>
            await PutAsync(_raw, [new StorePut(InfoKey, value) { IsDurable = true }]);

        private ServiceCredentials NewCredentials() => new((++_names).ToString(CultureInfo.InvariantCulture), "p");
    }

    /// <summary>A host: its state, the write in flight, and the last observed revision.</summary>
    private sealed class SimulatedHost(World world, int number, InMemoryDiscoveryStore store)
    {
        private const string InfoKey = "/services_infos/shop";

        private IDiscoverySession? _session;
        private ReconcilePlan? _planned;
        private (ReconcilePlan Write, long? Revision)? _answer;
        private int _heard;

        public string Key { get; } = $"/services/shop/{number}";

        public ReconcileState Content { get; set; } = new(
            new EncodedInstance(new ServiceInstance
            {
                Id = $"{number}",
                ServiceName = "shop",
                Hostname = "h.dev",
                Public = true,
                Credentials = number == 0 ? null : new("first", $"{number}"),
            }),
            number == 1 ? DescriptionWriteMode.Overwrite : DescriptionWriteMode.Update);

        public bool IsBusy =>
            _planned is not null || _answer is not null || _heard < world.History.Count || Content.NeedsWrite(_session);

        private static CancellationToken Token => TestContext.Current.CancellationToken;

        public async Task PlanAsync()
        {
            _session ??= await store.OpenSessionAsync(TimeSpan.FromDays(1), Token);
            if (_planned is null && _answer is null && Content.NeedsWrite(_session))
            {
                var contents = Content.DescriptionSettled ? null : await store.ReadAsync([StoreRange.Exact(InfoKey)], Token);
                _planned = Content.Plan(contents is { Entries: [var entry] } ? entry : null);
                Content = Content.OnWriting(_planned);
            }
        }

        public async Task WriteAsync(bool isAnswerLost)
        {
            if (_planned is { } write)
            {
                var revision = await world.PutAsync(_session!, write.Puts);
                _planned = null;
                _answer = isAnswerLost ? null : (write, revision);
            }
        }

        public void TakeAnswer()
        {
            if (_answer is var (write, revision))
            {
                _answer = null;
                Content = revision is { } number ? Content.OnWritten(write, _session!, number) : Content;
            }
        }

        public void Hear()
        {
            if (_heard == world.History.Count)
            {
                return;
            }

            var change = world.History[_heard++];
            if (change.Key == Key)
            {
                Content = Content.OnInstanceSeen(change.Value, change.Revision);
            }
            else if (change.Key == InfoKey)
            {
                StoreEntry? info = change.Value is { } value ? new StoreEntry(InfoKey, value, change.Revision) : null;
                Content = Content.OnDescriptionSeen(info, change.Revision);
            }
        }

        public async Task LoseSessionAsync()
        {
            if (_session is { } lost)
            {
                (_session, _planned, _answer) = (null, null, null);
                await world.DeleteAsync(lost, Key);
                Content = Content.OnStoreUnknown();
            }
        }

        public async Task FinishAsync()
        {
            TakeAnswer();
            while (_heard < world.History.Count)
            {
                Hear();
            }

            await PlanAsync();
            await WriteAsync(isAnswerLost: false);
            TakeAnswer();
        }
    }
}
