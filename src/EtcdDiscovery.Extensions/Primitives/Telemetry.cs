using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EtcdDiscovery.Primitives;

/// <summary>The meter and the activity source of the library.</summary>
/// <remarks>Listeners belong to the application, so their exceptions must not end a loop or fail a request.</remarks>
internal static class Telemetry
{
    public const string Name = "EtcdDiscovery";

    public const string Service = "etcd_discovery.service";
    public const string Instance = "etcd_discovery.instance.id";
    public const string ErrorType = "error.type";

    private static readonly string? Version = typeof(Telemetry).Assembly.GetName().Version?.ToString(3);
    private static readonly ActivitySource Source = new(Name, Version);

    public static Meter CreateMeter(IMeterFactory factory) => factory.Create(new MeterOptions(Name) { Version = Version });

    public static void Count(Counter<long> counter, long number, in TagList tags)
    {
        try
        {
            counter.Add(number, tags);
        }
        catch (Exception)
        {
            // A listener has failed.
        }
    }

    public static void Record(Histogram<double> histogram, TimeSpan duration, in TagList tags)
    {
        try
        {
            histogram.Record(duration.TotalSeconds, tags);
        }
        catch (Exception)
        {
            // A listener has failed.
        }
    }

    /// <summary>Whether activities have a listener. If not, callers need not prepare tags.</summary>
    public static bool IsTraced => Source.HasListeners();

    /// <summary>Starts an activity; null if there is no listener, or if one throws.</summary>
    public static Activity? Start(string name, in TagList tags)
    {
        var outer = Activity.Current;
        try
        {
            return Source.HasListeners() ? Source.StartActivity(ActivityKind.Internal, tags: tags, name: name) : null;
        }
        catch (Exception)
        {
            Activity.Current = outer;
            return null;
        }
    }

    public static void End(Activity? activity, Exception? error = null)
    {
        try
        {
            if (error is not null)
            {
                activity?.SetTag(ErrorType, error.GetType().FullName).SetStatus(ActivityStatusCode.Error, error.Message);
            }

            activity?.Dispose();
        }
        catch (Exception)
        {
            // A listener has failed.
        }
    }

    /// <summary>Runs a call to the store within an activity. Activities that the call starts do not become its children.</summary>
    public static async Task<T> TraceAsync<T>(string name, TagList tags, Func<Task<T>> call)
    {
        var outer = Activity.Current;
        var activity = Start(name, tags);
        Activity.Current = outer;
        try
        {
            var result = await call().ConfigureAwait(false);
            End(activity);
            return result;
        }
        catch (Exception error)
        {
            End(activity, error);
            throw;
        }
    }

    /// <inheritdoc cref="TraceAsync{T}"/>
    public static Task TraceAsync(string name, TagList tags, Func<Task> call) => TraceAsync(name, tags, async () =>
    {
        await call().ConfigureAwait(false);
        return true;
    });
}
