using System.Diagnostics;
using System.Globalization;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Fuzz;

/// <summary>A seeded loop of a given length: 10 s in the test suite, 30 s in CI, longer by eng/fuzz.sh. Half of the time of all.</summary>
internal static class FuzzRun
{
    public static int Seed { get; } = Number("FUZZ_SEED", 1);

    public static TimeSpan Length { get; } = TimeSpan.FromSeconds(Number("FUZZ_SECONDS", 20)) / 2;

    /// <summary>Runs rounds, each with randomness of its own, so that a failing one can be repeated alone.</summary>
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

    /// <summary>Calls a store, which may fail in its own way only.</summary>
    public static async Task AttemptAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (EtcdDiscoveryException)
        {
            // What it should be.
        }
    }

    /// <summary>The whole life of a session, as far as the store lets it come.</summary>
    public static Task AttemptSessionAsync(IDiscoveryStore store, StorePut put, CancellationToken cancellationToken) => AttemptAsync(async () =>
    {
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(5), cancellationToken);
        await session.TryPutAsync([put], cancellationToken);
        await session.RenewAsync(cancellationToken);
        await session.CloseAsync(cancellationToken);
    });

    /// <summary>A copy with some bytes changed, cut out, doubled or made up.</summary>
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

    // Not System.HashCode, whose seed changes from process to process.
    private static int HashCode(int seed, int round) => unchecked((seed * 1_000_003) ^ (round * 8_191));

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
