using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A captured log entry, with everything that a sink can access.</summary>
public sealed record LogLine(string Category, LogLevel Level, string? EventName, string Message, string State, Exception? Error)
{
    public override string ToString() => $"{Level} {Category} {EventName}: {Message} {State} {Error}";
}

/// <summary>Captures all log entries of a host, from trace level on.</summary>
public sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IReadOnlyCollection<LogLine> Lines => _lines;

    /// <summary>The events for which the sink throws, as a user's sink may.</summary>
    public Func<string?, bool> Fails { get; set; } = _ => false;

    /// <summary>The entries of an event.</summary>
    public IEnumerable<LogLine> Of(string eventName) => _lines.Where(line => line.EventName == eventName);

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, this);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, LogCapture capture) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (capture.Fails(eventId.Name))
            {
                throw new InvalidOperationException("The disk is full.");
            }

            var values = state is IEnumerable<KeyValuePair<string, object?>> pairs
                ? string.Join(", ", pairs.Select(pair => $"{pair.Key}={pair.Value}"))
                : "";
            capture._lines.Enqueue(new LogLine(category, logLevel, eventId.Name, formatter(state, exception), values, exception));
        }
    }
}
