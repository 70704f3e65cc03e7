using System.Diagnostics;
using System.Diagnostics.Metrics;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Stores;

/// <summary>Counts and times the operations of a store.</summary>
internal sealed class StoreMetrics
{
    private const string Operation = "etcd_discovery.operation";

    // From the latency of a local etcd to the default timeout of a renewal.
    private static readonly InstrumentAdvice<double> Durations =
        new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] };

    // From a second to weeks.
    private static readonly InstrumentAdvice<double> Lifetimes =
        new() { HistogramBucketBoundaries = [1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000] };

    private readonly TimeProvider _timeProvider;
    private readonly Histogram<double> _operations;
    private readonly Counter<long> _events;
    private readonly Histogram<double> _watches;

    public StoreMetrics(Meter meter, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _operations = meter.CreateHistogram(
            "etcd_discovery.store.operation.duration",
            "s",
            "The duration of store operations, including lease renewals.",
            advice: Durations);
        _events = meter.CreateCounter<long>("etcd_discovery.watch.events", "{event}", "The number of changes that watches delivered.");
        _watches = meter.CreateHistogram(
            "etcd_discovery.watch.duration", "s", "The lifetime of watches that ended. Each is started again.", advice: Lifetimes);
    }

    public async Task<T> MeasureAsync<T>(string operation, Func<Task<T>> run)
    {
        var start = _timeProvider.GetTimestamp();
        Exception? failure = null;
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            failure = error;
            throw;
        }
        finally
        {
            Record(_operations, start, new() { { Operation, operation } }, failure);
        }
    }

    public Task MeasureAsync(string operation, Func<Task> run) => MeasureAsync(operation, async () =>
    {
        await run().ConfigureAwait(false);
        return true;
    });

    public long OnWatchStarted() => _timeProvider.GetTimestamp();

    public void OnBatch(StoreBatch batch)
    {
        if (batch.Events.Count > 0)
        {
            Telemetry.Count(_events, batch.Events.Count, default);
        }
    }

    public void OnWatchEnded(long start, Exception? failure) => Record(_watches, start, default, failure);

    private void Record(Histogram<double> histogram, long start, TagList tags, Exception? failure)
    {
        if (histogram.Enabled)
        {
            if (failure is not null)
            {
                tags.Add(Telemetry.ErrorType, KindOf(failure));
            }

            Telemetry.Record(histogram, _timeProvider.GetElapsedTime(start), tags);
        }
    }

    private static string KindOf(Exception failure) => failure switch
    {
        OperationCanceledException => "cancelled",
        SessionLostException => "session_lost",
        HistoryLostException => "history_lost",
        EtcdDiscoveryException { IsTransient: true } => "transient",
        _ => "permanent",
    };
}
