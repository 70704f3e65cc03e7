using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The metrics in docs/observability.md match the library, and the dashboard and the alerts use no others.</summary>
public sealed partial class ObservabilityTests
{
    private static readonly string Page = Repository.Read("docs/observability.md");

    [Fact]
    public async Task Metrics_InTheGuide_MatchTheLibrary() =>
        Assert.Equal(
            (await InstrumentsAsync()).Select(instrument => $"{instrument.Name} {KindOf(instrument)}, {instrument.Unit}").Order(StringComparer.Ordinal),
            Markdown.Table(Page, "## Metrics").Select(row => $"{row[0]} {row[1]}").Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("docs/observability/grafana-dashboard.json")]
    [InlineData("docs/observability/prometheus-alerts.yml")]
    public async Task Queries_OfTheFile_UseExistingMetricsAndLabels(string file)
    {
        var text = Repository.Read(file);
        var metrics = (await InstrumentsAsync()).SelectMany(PrometheusNamesOf).ToHashSet(StringComparer.Ordinal);
        var labels = Markdown.Table(Page, "## Metrics").SelectMany(row => row[2].Split(',')).Select(label => ToPrometheus(label.Trim()));
        var known = metrics.Concat(labels).ToHashSet(StringComparer.Ordinal);

        var used = Names().Matches(text).Select(match => match.Value).Distinct().ToList();

        Assert.NotEmpty(used);
        Assert.All(used, name => Assert.Contains(name, known));
    }

    [Fact]
    public void Alerts_InTheGuide_MatchTheFile() =>
        Assert.Equal(
            Alert().Matches(Repository.Read("docs/observability/prometheus-alerts.yml")).Select(alert => alert.Groups[1].Value),
            Markdown.Table(Page, "## Dashboard and alerts").Select(row => row[0]));

    /// <summary>The instruments of a started host with an HTTP client.</summary>
    private static async Task<IReadOnlyCollection<Instrument>> InstrumentsAsync()
    {
        var instruments = new ConcurrentDictionary<string, Instrument>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == DiscoveryTelemetry.MeterName)
                {
                    instruments.TryAdd(instrument.Name, instrument);
                }
            },
        };
        listener.Start();
        await using var fleet = await HttpFleet.StartAsync();
        _ = fleet.Http;
        return [.. instruments.Values];
    }

    private static string KindOf(Instrument instrument) => instrument switch
    {
        Histogram<double> => "histogram",
        Counter<long> or ObservableCounter<long> => "counter",
        ObservableUpDownCounter<int> => "up-down counter",
        ObservableGauge<double> => "gauge",
        _ => instrument.GetType().Name,
    };

    // See the OpenTelemetry specification, "Prometheus and OpenMetrics compatibility".
    private static string[] PrometheusNamesOf(Instrument instrument)
    {
        var name = ToPrometheus(instrument.Name) + (instrument.Unit == "s" ? "_seconds" : "");
        return KindOf(instrument) switch
        {
            "histogram" => [$"{name}_bucket", $"{name}_count", $"{name}_sum"],
            "counter" => [$"{name}_total"],
            _ => [name],
        };
    }

    private static string ToPrometheus(string name) => name.Replace('.', '_');

    [GeneratedRegex(@"\b(etcd_discovery|error)_\w+")]
    private static partial Regex Names();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();
}
