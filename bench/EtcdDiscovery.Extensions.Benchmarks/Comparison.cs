using System.Globalization;

namespace EtcdDiscovery.Benchmarks;

/// <summary>The result of a benchmark.</summary>
/// <param name="Ratio">The median of the ratios of all rounds. Noise affects it less than the ratio of the medians.</param>
/// <param name="Ours">The median of our cost.</param>
/// <param name="Baseline">The median of the baseline's cost.</param>
/// <param name="Unit">The unit of both costs.</param>
internal sealed record Comparison(double Ratio, double Ours, double Baseline, string Unit)
{
    /// <summary>The header of a table of results.</summary>
    public static string Header { get; } = $"{"",-40}{"ratio",8}{"ours",12}{"baseline",12}";

    /// <summary>Compares numbers of failed requests.</summary>
    public static Comparison OfFailures(int ours, int baseline) =>
        new(baseline > 0 ? (double)ours / baseline : ours > 0 ? double.PositiveInfinity : 1, ours, baseline, "failed_requests");

    /// <summary>Formats the result as a row of the table.</summary>
    public string Row(string what) =>
        FormattableString.Invariant($"{what,-40}{Ratio,8:F2}{Ours,12:F1}{Baseline,12:F1} {Unit}");

    /// <summary>Formats the result as the line that scripts parse.</summary>
    public string ResultLine(string name) =>
        FormattableString.Invariant($"{name} ratio={Digits(Ratio)} ours={Digits(Ours)} baseline={Baseline:F1} unit={Unit}");

    private static string Digits(double value) =>
        value.ToString(value < 0.1 ? "0.#########" : value < 10 ? "F2" : "F1", CultureInfo.InvariantCulture);
}
