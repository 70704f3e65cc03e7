using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Captures all activities and measurements of the process, with all their tags.</summary>
internal sealed class TelemetryCapture : IDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ActivityListener _activities;
    private readonly MeterListener _measurements = new();

    public TelemetryCapture()
    {
        _activities = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => Note(activity.OperationName, activity.TagObjects, activity.DisplayName, activity.StatusDescription),
        };
        ActivitySource.AddActivityListener(_activities);
        _measurements.InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _measurements.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument.Name, tags.ToArray()));
        _measurements.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument.Name, tags.ToArray()));
        _measurements.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Note(instrument.Name, tags.ToArray()));
        _measurements.Start();
    }

    public IReadOnlyCollection<string> Lines => _lines;

    public void Dispose()
    {
        _activities.Dispose();
        _measurements.Dispose();
    }

    private void Note(string name, IEnumerable<KeyValuePair<string, object?>> tags, params string?[] more) =>
        _lines.Enqueue($"{name} {string.Join(' ', more)} {string.Join(' ', tags.Select(tag => $"{tag.Key}={tag.Value}"))}");
}
