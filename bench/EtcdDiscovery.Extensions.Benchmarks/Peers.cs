using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace EtcdDiscovery.Benchmarks;

/// <summary>The comparisons with other libraries, which docs/performance.md shows as charts.</summary>
internal static class Peers
{
    private const int Width = 760;
    private const int Height = 320;

    private static readonly OxyColor Blue = OxyColor.FromRgb(0x2f, 0x6f, 0xde);
    private static readonly OxyColor Grey = OxyColor.FromRgb(0xb8, 0xbe, 0xc8);

    private static readonly Peer[] All =
    [
        new("peers-resolve", "Finding an instance", "Microsoft.Extensions.ServiceDiscovery", PeerResolveBenchmark.RunAsync),
        new("peers-http", "Added to a request of HttpClient", "Microsoft.Extensions.ServiceDiscovery", PeerHttpBenchmark.RunAsync),
        new("peers-store", "An operation on etcd", "dotnet-etcd", PeerStoreBenchmark.RunAsync),
    ];

    public static IEnumerable<string> Names => All.Select(peer => peer.Name);

    /// <summary>Runs comparisons and prints, for each, the result with the highest ratio.</summary>
    /// <param name="name">The comparison; null for all.</param>
    /// <param name="charts">The directory to draw a chart of each into, as SVG; null for none.</param>
    public static async Task RunAsync(string? name, string? charts)
    {
        var lines = new List<string>();
        foreach (var peer in All.Where(peer => name is null || peer.Name == name))
        {
            var results = await peer.RunAsync();
            lines.Add(results.MaxBy(row => row.Result.Ratio).Result.ResultLine(peer.Name));
            if (charts is not null)
            {
                Draw(peer, results, Path.Combine(charts, peer.Name + ".svg"));
            }
        }

        lines.ForEach(Console.WriteLine);
    }

    private static void Draw(Peer peer, IReadOnlyList<(string What, Comparison Result)> results, string file)
    {
        // A subtitle instead of a legend, and a wide margin: OxyPlot cuts off texts in fonts wider than the one by which it measures.
        var plot = new PlotModel
        {
            Title = $"{peer.Title} ({results[0].Result.Unit}, less is better)",
            TitleFontSize = 15,
            TitlePadding = 12,
            SubtitleFontSize = 12,
            Subtitle = $"blue: EtcdDiscovery.Extensions, grey: {peer.Library}",
            DefaultFont = "Helvetica, Arial, sans-serif",
            Background = OxyColors.White,
            PlotAreaBorderThickness = new OxyThickness(0),
            PlotMargins = new OxyThickness(190, double.NaN, double.NaN, double.NaN),
        };
        // The axis of categories starts at the bottom.
        plot.Axes.Add(new CategoryAxis
        {
            Position = AxisPosition.Left,
            StartPosition = 1,
            EndPosition = 0,
            TickStyle = TickStyle.None,
            ItemsSource = results.Select(row => row.What).ToList(),
        });
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Minimum = 0, MaximumPadding = 0.1, IsAxisVisible = false });
        plot.Series.Add(Bars(Blue, results.Select(row => row.Result.Ours)));
        plot.Series.Add(Bars(Grey, results.Select(row => row.Result.Baseline)));
        using var stream = File.Create(file);
        new SvgExporter { Width = Width, Height = Height }.Export(plot, stream);
    }

    private static BarSeries Bars(OxyColor color, IEnumerable<double> values) => new()
    {
        FillColor = color,
        LabelFormatString = "{0:0}",
        LabelMargin = 6,
        ItemsSource = values.Select(value => new BarItem(value)).ToList(),
    };

    /// <param name="Name">The name of the benchmark.</param>
    /// <param name="Title">What is measured.</param>
    /// <param name="Library">The other library.</param>
    /// <param name="RunAsync">Measures.</param>
    private sealed record Peer(
        string Name, string Title, string Library, Func<Task<IReadOnlyList<(string What, Comparison Result)>>> RunAsync);
}
