using System.Globalization;

namespace EtcdDiscovery.Benchmarks;

/// <summary>What <see cref="Interleaved"/> measured.</summary>
/// <param name="Ratio">The median of the rounds' ratios; not the ratio of the medians, which noise shifts more.</param>
/// <param name="Ours">The median of ours.</param>
/// <param name="Baseline">The median of the baseline.</param>
/// <param name="Unit">The unit of both.</param>
internal sealed record Comparison(double Ratio, double Ours, double Baseline, string Unit)
{
    /// <summary>What stands above the rows of a table.</summary>
    public static string Header { get; } = $"{"",-40}{"ratio",8}{"ours",12}{"baseline",12}";

    /// <summary>A row of a table.</summary>
    public string Row(string what) =>
        FormattableString.Invariant($"{what,-40}{Ratio,8:F2}{Ours,12:F1}{Baseline,12:F1} {Unit}");

    /// <summary>The line that scripts read.</summary>
    public string ResultLine(string name) =>
        FormattableString.Invariant($"{name} ratio={Digits(Ratio)} ours={Digits(Ours)} baseline={Baseline:F1} unit={Unit}");

    private static string Digits(double value) =>
        value.ToString(value < 0.1 ? "0.#########" : value < 10 ? "F2" : "F1", CultureInfo.InvariantCulture);
}
