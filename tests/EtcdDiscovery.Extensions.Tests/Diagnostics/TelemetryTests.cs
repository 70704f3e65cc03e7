using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace EtcdDiscovery.Tests.Diagnostics;

/// <summary>Metrics and traces as exported by the OpenTelemetry SDK.</summary>
/// <remarks>
/// Not run in parallel with other tests: the SDK identifies meters by name only, and stops exporting an instrument when any host of the process
/// disposes its meter of that name.
/// </remarks>
[Collection(nameof(TelemetryTests))]
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public sealed class TelemetryTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_OfARegisteredHost_ReportItsState()
    {
        var exported = new List<MetricSnapshot>();
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("orders");
        await using var host = await DiscoveryHost.StartAsync(server.Settings(service), builder => AddMetrics(builder, exported));
        await host.RegisteredAsync();
        await Eventually.TrueAsync(async () => (await host.Resolver.GetSnapshotAsync(service, cancellationToken: Token)).Instances.Length == 1, "the host resolves itself");
        await Assert.ThrowsAsync<ServiceNotFoundException>(async () => await host.Resolver.GetInstanceAsync("no-such-service", cancellationToken: Token));

        await Eventually.TrueAsync(
            () => Task.FromResult(Value(host, exported, "etcd_discovery.store.operation.duration", "etcd_discovery.operation=renew") >= 1), "the lease was renewed");

        Assert.Equal(1, Value(host, exported, "etcd_discovery.registrations", $"etcd_discovery.service={service}", "etcd_discovery.registration.state=Registered"));
        Assert.Equal(1, Value(host, exported, "etcd_discovery.instances", $"etcd_discovery.service={service}", "etcd_discovery.instance.status=Serving"));
        Assert.Equal(1, Value(host, exported, "etcd_discovery.resolve.failures", "error.type=service_not_found"));
        Assert.Equal(5, Value(host, exported, "etcd_discovery.lease.time_to_live"));
        Assert.InRange(Value(host, exported, "etcd_discovery.lease.age"), 0, 5);
        Assert.InRange(Value(host, exported, "etcd_discovery.snapshot.age", $"etcd_discovery.service={service}", "etcd_discovery.snapshot.source=Live"), 0, 30);
        Assert.Equal(0, Value(host, exported, "etcd_discovery.instances.suspect", $"etcd_discovery.service={service}"));
        Assert.Equal(0, Value(host, exported, "etcd_discovery.entries.unreadable", $"etcd_discovery.service={service}"));
        Assert.Equal(0, Value(host, exported, "etcd_discovery.lease.losses"));
        Assert.True(Value(host, exported, "etcd_discovery.store.operation.duration", "etcd_discovery.operation=put") >= 1);
        Assert.True(Value(host, exported, "etcd_discovery.events", "etcd_discovery.event.kind=ServiceRead") >= 1);
        Assert.DoesNotContain(Lines(host, exported), line => line.Contains("no-such-service", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_LeaseLost_CountTheLossAndTheFailedRenewals()
    {
        var exported = new List<MetricSnapshot>();
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.StartAsync(fake.Settings("orders"), builder => AddMetrics(builder, exported));
        await host.RegisteredAsync();

        fake.Fault = method => method == FakeEtcd.KeepAlive ? FakeFault.LeaderChanged : null;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("SessionLost").Any()), "the lease is lost");

        Assert.Equal(1, Value(host, exported, "etcd_discovery.lease.losses"));
        Assert.True(Value(host, exported, "etcd_discovery.store.operation.duration", "etcd_discovery.operation=renew", "error.type=transient") >= 1);
    }

    [Fact]
    public async Task Request_WithTwoAttempts_HasASpanPerAttemptAsParentOfTheClientSpan()
    {
        var spans = new ConcurrentQueue<Activity>();
        var exported = new List<MetricSnapshot>();
        await using var web = await WebInstance.StartAsync("here");
        using var root = new ActivitySource("test");
        await using var host = await DiscoveryHost.StartAsync(new() { ["PreferredZone"] = "a" }, builder =>
        {
            builder.Services.AddEtcdDiscovery().UseInMemoryStore();
            builder.Services.AddHttpClient("client").AddEtcdDiscovery();
            AddMetrics(builder, exported);
            builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing
                .AddSource("test", DiscoveryTelemetry.ActivitySourceName, "System.Net.Http").AddInMemoryExporter(new QueueCollection(spans)));
        });
        await RegisterAsync(host, "a", HttpFleet.RefusedPort());
        await RegisterAsync(host, "b", web.Port);
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetSnapshotAsync("catalog", cancellationToken: Token)).Instances.Length == 2, "both are resolved");

        string? trace;
        using (var request = root.StartActivity("request"))
        {
            trace = request!.RootId;
            using var http = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("client");
            Assert.Equal("here", await http.GetStringAsync(new Uri("http://catalog/"), Token));
        }

        host.Services.GetRequiredService<TracerProvider>().ForceFlush();
        var attempts = spans.Where(span => span.OperationName == "etcd_discovery.attempt" && span.RootId == trace).OrderBy(span => span.StartTimeUtc).ToList();
        Assert.Equal(["instance_failed", "response"], attempts.Select(span => span.GetTagItem("etcd_discovery.outcome")));
        Assert.Equal([1, 2], attempts.Select(span => span.GetTagItem("etcd_discovery.attempt")));
        Assert.All(attempts, span => Assert.Equal("catalog", span.GetTagItem("etcd_discovery.service")));
        Assert.Equal(2, attempts.Select(span => span.GetTagItem("etcd_discovery.instance.id")).Distinct().Count());
        Assert.Equal([ActivityStatusCode.Error, ActivityStatusCode.Unset], attempts.Select(span => span.Status));
        var parent = Assert.Single(spans, span => span.OperationName == "request");
        Assert.All(attempts, span => Assert.Equal(parent.SpanId, span.ParentSpanId));
        Assert.All(attempts, attempt => Assert.Contains(spans, span => span.Source.Name == "System.Net.Http" && span.ParentSpanId == attempt.SpanId));
        Assert.Equal(1, Value(host, exported, "etcd_discovery.http.attempts", "etcd_discovery.service=catalog", "etcd_discovery.outcome=instance_failed"));
        Assert.Equal(1, Value(host, exported, "etcd_discovery.http.attempts", "etcd_discovery.service=catalog", "etcd_discovery.outcome=response"));
    }

    [Fact]
    public async Task Spans_OverTheWholeLifecycle_AreRegisterReadAndWithdraw()
    {
        var spans = new ConcurrentQueue<Activity>();
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("orders");
        var settings = server.Settings(service);
        settings["TimeToLive"] = "00:00:01";
        await using (var host = await DiscoveryHost.StartAsync(settings, builder => builder.Services.AddOpenTelemetry().WithTracing(
            tracing => tracing.AddSource(DiscoveryTelemetry.ActivitySourceName).AddInMemoryExporter(new QueueCollection(spans)))))
        {
            await host.RegisteredAsync();
            await Eventually.TrueAsync(
                async () => (await host.Resolver.GetSnapshotAsync(service, cancellationToken: Token)).Instances.Length == 1, "the host resolves itself");
            var diagnostics = host.Services.GetRequiredService<IDiscoveryDiagnostics>();
            var age = TimeSpan.Zero;
            await Eventually.TrueAsync(
                () =>
                {
                    var before = age;
                    age = diagnostics.Lease!.Age;
                    return Task.FromResult(age < before);
                },
                "the lease is renewed");
            await host.StopAsync();
        }

        Assert.Single(spans, span => span.OperationName == "etcd_discovery.register" && Equals(span.GetTagItem("etcd_discovery.service"), service));
        Assert.Contains(spans, span => span.OperationName == "etcd_discovery.read" && $"{span.GetTagItem("etcd_discovery.key")}".Contains(service, StringComparison.Ordinal));
        Assert.Contains(spans, span => span.OperationName == "etcd_discovery.withdraw");
        Assert.Equal(
            ["etcd_discovery.read", "etcd_discovery.register", "etcd_discovery.withdraw"],
            spans.Select(span => span.OperationName).Distinct().Order(StringComparer.Ordinal));
        Assert.All(spans, span => Assert.Equal(default, span.ParentSpanId));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task ConnectionString_WithOpenTelemetry_ExportsWhatIsNotDisabled(bool disableTracing, bool disableMetrics)
    {
        var spans = new ConcurrentQueue<Activity>();
        var exported = new List<MetricSnapshot>();
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("orders");
        await using var host = await DiscoveryHost.StartAsync(new() { ["Service:Name"] = service, ["DisableTracing"] = $"{disableTracing}" }, builder =>
        {
            builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:etcd", server.Endpoint)]);
            builder.AddEtcdDiscovery("etcd", settings => settings.DisableMetrics = disableMetrics);
            builder.Services.AddOpenTelemetry()
                .WithMetrics(metrics => metrics.AddInMemoryExporter(exported))
                .WithTracing(tracing => tracing.AddInMemoryExporter(new QueueCollection(spans)));
        });
        await host.RegisteredAsync();

        var registrations = Value(host, exported, "etcd_discovery.registrations", $"etcd_discovery.service={service}");
        await host.StopAsync();
        host.Services.GetRequiredService<TracerProvider>().ForceFlush();

        Assert.Equal(disableMetrics ? 0 : 1, registrations);
        Assert.Equal(
            disableTracing ? [] : ["etcd_discovery.read", "etcd_discovery.register", "etcd_discovery.withdraw"],
            spans.Select(span => span.OperationName).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ConnectionString_ApplicationAddsTheMeterAndTheSourceToo_ExportsOnce()
    {
        var spans = new ConcurrentQueue<Activity>();
        var exported = new List<MetricSnapshot>();
        await using var host = await DiscoveryHost.StartAsync(new() { ["Store"] = "InMemory", ["Service:Name"] = "orders" }, builder =>
        {
            AddMetrics(builder, exported);
            builder.AddEtcdDiscovery("etcd");
            builder.AddEtcdDiscovery("etcd");
            builder.Services.AddOpenTelemetry().WithTracing(
                tracing => tracing.AddSource(DiscoveryTelemetry.ActivitySourceName).AddInMemoryExporter(new QueueCollection(spans)));
        });
        await host.RegisteredAsync();

        Assert.Equal(1, Value(host, exported, "etcd_discovery.registrations"));
        await host.StopAsync();
        Assert.Single(spans, span => span.OperationName == "etcd_discovery.register");
    }

    [Fact]
    public async Task Listeners_Throw_DoNotAffectRegistrationOrRequests()
    {
        await using var web = await WebInstance.StartAsync("here");
        using var spans = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DiscoveryTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = _ => throw new InvalidOperationException("started"),
            ActivityStopped = _ => throw new InvalidOperationException("stopped"),
        };
        ActivitySource.AddActivityListener(spans);
        using var measurements = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == DiscoveryTelemetry.MeterName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        measurements.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidOperationException("long"));
        measurements.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("double"));
        measurements.Start();
        await using var fleet = await HttpFleet.StartAsync();

        await fleet.RegisterAsync("catalog", web.Port).WaitAsync(Eventually.Patience, Token);

        Assert.Equal("here", await fleet.Http.GetStringAsync(new Uri("http://catalog/"), Token));
    }

    private static async Task RegisterAsync(DiscoveryHost host, string zone, int port)
    {
        var registration = host.Registry.Register(new() { Name = "catalog", Hostname = "127.0.0.1", Zone = zone, Ports = HttpFleet.MapOf($"http={port}") });
        await registration.WaitUntilRegisteredAsync(Token);
    }

    private static void AddMetrics(HostApplicationBuilder builder, List<MetricSnapshot> exported) => builder.Services.AddOpenTelemetry()
        .WithMetrics(metrics => metrics.AddMeter(DiscoveryTelemetry.MeterName).AddInMemoryExporter(exported));

    /// <summary>The sum of the points of a metric with these tags; for a histogram, the number of records.</summary>
    private static double Value(DiscoveryHost host, List<MetricSnapshot> exported, string name, params string[] tags) => Collect(host, exported)
        .Where(metric => metric.Name == name)
        .SelectMany(metric => metric.MetricPoints, (metric, point) => (metric, point, Tags: TagsOf(point)))
        .Where(found => tags.All(found.Tags.Contains))
        .Sum(found => found.metric.MetricType switch
        {
            MetricType.Histogram => found.point.GetHistogramCount(),
            MetricType.LongGauge => found.point.GetGaugeLastValueLong(),
            MetricType.DoubleGauge => found.point.GetGaugeLastValueDouble(),
            _ => found.point.GetSumLong(),
        });

    private static List<string> Lines(DiscoveryHost host, List<MetricSnapshot> exported) =>
        [.. Collect(host, exported).SelectMany(metric => metric.MetricPoints, (metric, point) => $"{metric.Name} {string.Join(' ', TagsOf(point))}")];

    private static List<MetricSnapshot> Collect(DiscoveryHost host, List<MetricSnapshot> exported)
    {
        exported.Clear();
        host.Services.GetRequiredService<MeterProvider>().ForceFlush();
        return exported;
    }

    private static List<string> TagsOf(MetricPoint point)
    {
        var tags = new List<string>();
        foreach (var tag in point.Tags)
        {
            tags.Add($"{tag.Key}={tag.Value}");
        }

        return tags;
    }

    /// <summary>A collection to which the exporter can add from several threads.</summary>
    private sealed class QueueCollection(ConcurrentQueue<Activity> spans) : ICollection<Activity>
    {
        public int Count => spans.Count;

        public bool IsReadOnly => false;

        public void Add(Activity item) => spans.Enqueue(item);

        public void Clear() => spans.Clear();

        public bool Contains(Activity item) => spans.Contains(item);

        public void CopyTo(Activity[] array, int arrayIndex) => spans.CopyTo(array, arrayIndex);

        public bool Remove(Activity item) => throw new NotSupportedException();

        public IEnumerator<Activity> GetEnumerator() => spans.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
