using System.Diagnostics;
using System.Globalization;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Fuzz;

/// <summary>A seeded loop that runs for half of FUZZ_SECONDS: 10 s by default, 30 s in CI, longer with eng/fuzz.sh.</summary>
internal static class FuzzRun
{
    public static int Seed { get; } = Number("FUZZ_SEED", 1);

    public static TimeSpan Length { get; } = TimeSpan.FromSeconds(Number("FUZZ_SECONDS", 20)) / 2;

    /// <summary>Runs rounds. Each has its own seed, so that a failing round can be repeated alone.</summary>
    public static async Task RunAsync(Func<Random, Task> roundAsync)
    {
        var started = Stopwatch.StartNew();
        var round = 0;
        for (; round == 0 || started.Elapsed < Length; round++)
        {
            try
            {
                await roundAsync(new Random(HashCode(Seed, round)));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"FUZZ_SEED={Seed}, round {round}: {error}", error);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{round} rounds with seed {Seed}.");
    }

    /// <summary>Calls a store, which may only throw EtcdDiscoveryException.</summary>
    public static async Task AttemptAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (EtcdDiscoveryException)
        {
            // The only exception that is allowed.
        }
    }

    /// <summary>Goes through the lifecycle of a session until a call fails.</summary>
    public static Task AttemptSessionAsync(IDiscoveryStore store, StorePut put, CancellationToken cancellationToken) => AttemptAsync(async () =>
    {
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(5), cancellationToken);
        await session.TryPutAsync([put], cancellationToken);
        await session.RenewAsync(cancellationToken);
        await session.CloseAsync(cancellationToken);
    });

    /// <summary>Returns a copy with some bytes changed, removed, duplicated or inserted.</summary>
    public static byte[] Mutate(Random random, byte[] bytes)
    {
        var mutated = bytes.ToList();
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var at = random.Next(mutated.Count + 1);
            var length = Math.Min(random.Next(1, 20), mutated.Count - at);
            switch (random.Next(5))
            {
                case 0 when at < mutated.Count:
                    mutated[at] = (byte)random.Next(256);
                    break;
                case 1:
                    mutated.RemoveRange(at, length);
                    break;
                case 2:
                    mutated.InsertRange(at, mutated.GetRange(at, length));
                    break;
                case 3:
                    mutated.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    mutated.RemoveRange(at, mutated.Count - at);
                    break;
            }
        }

        return [.. mutated];
    }

    // Not System.HashCode, whose seed differs between processes.
    private static int HashCode(int seed, int round) => unchecked((seed * 1_000_003) ^ (round * 8_191));

    private static int Number(string variable, int defaultValue) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : defaultValue;
}
