using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Primitives;

/// <summary>Creates loggers that never throw, even if a logger provider does, and that log only sanitized text.</summary>
/// <remarks>
/// The library logs from loops, from timer callbacks and while it holds locks. If a provider threw there, it would end a registration, a
/// watch or, in a timer callback, the process. Most events quote text from other processes, such as names or errors, which must not start a
/// new line in the log.
/// </remarks>
internal sealed class SafeLoggerFactory(ILoggerFactory inner) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName)
    {
        try
        {
            return new SafeLogger(inner.CreateLogger(categoryName));
        }
        catch (Exception)
        {
            return NullLogger.Instance;
        }
    }

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    // The application owns the inner factory.
    public void Dispose()
    {
    }

    private sealed class SafeLogger(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            try
            {
                return inner.BeginScope(state);
            }
            catch (Exception)
            {
                return null;
            }
        }

        public bool IsEnabled(LogLevel logLevel)
        {
            try
            {
                return inner.IsEnabled(logLevel);
            }
            catch (Exception)
            {
                // Other providers may want the message.
                return true;
            }
        }

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            try
            {
                if (state is IReadOnlyList<KeyValuePair<string, object?>> values && values.Any(value => Sanitize(value.Value) != value.Value))
                {
                    var message = LogSanitizer.SanitizeMessage(formatter(state, exception));
                    var sanitized = values.Select(value => KeyValuePair.Create(value.Key, Sanitize(value.Value))).ToArray();
                    inner.Log(logLevel, eventId, sanitized, exception, (_, _) => message);
                }
                else
                {
                    inner.Log(logLevel, eventId, state, exception, formatter);
                }
            }
            catch (Exception)
            {
                // There is no other place to report the error.
            }
        }

        // Returns the same reference if the text is clean, so that comparing references detects changes.
        private static object? Sanitize(object? value) => value is string text ? LogSanitizer.SanitizeMessage(text) : value;
    }
}
