using System.Collections.Concurrent;
using EtcdDiscovery.Tests.Infrastructure;

[assembly: AssemblyFixture(typeof(UnobservedFailures))]

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>
/// Fails the test run if a task of the library failed and nothing observed it. Applications that end in that case would end because of the
/// library. Only failures with an internal exception count: a task with a public one may be a call that a test did not wait for.
/// </summary>
public sealed class UnobservedFailures : IDisposable
{
    private readonly ConcurrentQueue<AggregateException> _failures = new();

    public UnobservedFailures() => TaskScheduler.UnobservedTaskException += OnUnobserved;

    /// <summary>The unobserved failures of the tasks that have become garbage.</summary>
    public IReadOnlyList<AggregateException> Collect()
    {
        // Tasks that only other garbage with a finalizer refers to are collected in the second pass.
        for (var pass = 0; pass < 2; pass++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return [.. _failures];
    }

    public void Dispose()
    {
        Assert.Empty(Collect());
        TaskScheduler.UnobservedTaskException -= OnUnobserved;
    }

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs unobserved)
    {
        if (unobserved.Exception.InnerExceptions.Any(error => error.GetType() is { IsPublic: false } type && type.Assembly == typeof(EtcdDiscoveryException).Assembly))
        {
            _failures.Enqueue(unobserved.Exception);
        }
    }
}
