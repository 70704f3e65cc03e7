using EtcdDiscovery.Tests.Infrastructure.Deployment;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Prints a table of failed requests, with a row for each way to send them and a column for each phase.</summary>
internal static class FailureTable
{
    public static void WriteHeader(params string[] phases) =>
        Console.WriteLine($"{"requests failed (of)",-52}{string.Concat(phases.Select(phase => $"{phase,16}"))}");

    /// <summary>Prints the results of all phases, with the reasons of failures, and returns the number of failures.</summary>
    public static int WriteRow(string what, IReadOnlyList<LoadResult> results)
    {
        Console.WriteLine($"{what,-52}{string.Concat(results.Select(result => $"{$"{result.Failures.Count} ({result.Sent})",16}"))}");
        foreach (var reason in results.SelectMany(result => result.Failures).GroupBy(reason => reason, StringComparer.Ordinal))
        {
            Console.WriteLine($"  {reason.Count()} × {reason.Key}");
        }

        return results.Sum(result => result.Failures.Count);
    }
}
