using System.Globalization;
using System.Text.Json;
using EtcdDiscovery.Primitives;
using Spectre.Console;

namespace EtcdDiscovery.Tool;

/// <summary>Writes results: text for people, or JSON. Text from etcd is sanitized and never read as markup.</summary>
internal sealed class Output(bool json)
{
    private const int Unlimited = 10_000;

    private static readonly DocumentsContext Indented = new(new JsonSerializerOptions(DocumentsContext.Default.Options) { WriteIndented = true });

    private readonly IAnsiConsole _console = CreateConsole();

    public bool IsJson => json;

    /// <summary>Whether the output is a terminal that can be redrawn.</summary>
    public bool IsLive => !json && !Console.IsOutputRedirected && _console.Profile.Capabilities is { Ansi: true, Interactive: true };

    /// <summary>Writes one document.</summary>
    public static void WriteJson(object document) => Console.Out.WriteLine(JsonSerializer.Serialize(document, document.GetType(), Indented));

    /// <summary>Writes one document of a stream, in one line.</summary>
    public static void WriteJsonLine(object document) => Console.Out.WriteLine(ToJsonLine(document));

    public static string ToJsonLine(object document) => JsonSerializer.Serialize(document, document.GetType(), DocumentsContext.Default);

    /// <summary>Writes a line to standard error, which is not part of the result.</summary>
    public static void WriteNote(string note) => Console.Error.WriteLine("etcd-discovery: " + LogSanitizer.SanitizeMessage(note.ReplaceLineEndings(" ")));

    /// <summary>Writes a note if a service has entries that were skipped.</summary>
    public static void NoteUnreadable(ServiceSnapshot snapshot)
    {
        if (snapshot.UnreadableEntries > 0)
        {
            WriteNote($"Unreadable entries of the service: {snapshot.UnreadableEntries}. 'etcd-discovery doctor' lists their keys.");
        }
    }

    public static Table CreateTable(IReadOnlyList<string> headings, IEnumerable<string?[]> rows)
    {
        var table = new Table().NoBorder();
        for (var column = 0; column < headings.Count; column++)
        {
            var isLast = column == headings.Count - 1;
            table.AddColumn(new TableColumn(new Text(headings[column])) { Padding = new Padding(0, 0, isLast ? 0 : 2, 0) });
        }

        foreach (var row in rows)
        {
            table.AddRow(Array.ConvertAll(row, cell => new Text(LogSanitizer.Sanitize(cell ?? ""))));
        }

        return table;
    }

    public void WriteTable(IReadOnlyList<string> headings, IEnumerable<string?[]> rows) => _console.Write(CreateTable(headings, rows));

    public void WriteLine(string line, Color? color = null) =>
        _console.Write(new Text(LogSanitizer.SanitizeMessage(line) + "\n", color is null ? Style.Plain : new Style(color)));

    /// <summary>Draws tables in one place of the terminal.</summary>
    public Task DrawAsync(Func<Action<Table>, Task> drawAsync) => _console.Live(new Text("")).StartAsync(live => drawAsync(table =>
    {
        live.UpdateTarget(table);
        live.Refresh();
    }));

    /// <summary>Formats a map, such as <c>http=8080 grpc=8081</c>.</summary>
    public static string Join(ServiceMap? map) => string.Join(' ', (map ?? ServiceMap.Empty).Select(entry => $"{entry.Key}={entry.Value}"));

    public static string Number(double number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The name of a constant in JSON and tables, such as <c>preferredZone</c>.</summary>
    public static string NameOf(Enum constant)
    {
        var name = constant.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private static IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
        {
            // Lines for other programs are not wrapped.
            console.Profile.Width = Unlimited;
        }

        return console;
    }
}
