using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Http;

/// <summary>Sends requests for a service to one of its instances, and to another one when that cannot be reached.</summary>
/// <remarks>It owns nothing: HttpClientFactory makes and drops handlers as it likes.</remarks>
/// <param name="resolver">Finds the instances.</param>
/// <param name="options">The client's settings.</param>
/// <param name="reportsStart">Whether it is wanted to know how many calls are under way at each instance.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class DiscoveryHandler(
    IServiceResolver resolver, HttpDiscoveryOptions options, bool reportsStart, ILogger<DiscoveryHandler> logger) : DelegatingHandler
{
    private readonly RouteTable _routes = new(options);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            return base.SendAsync(request, cancellationToken);
        }

        var tried = TriedInstances.Of(request);
        if (tried is not null)
        {
            uri = OriginalSchemes.Restore(request, uri);
        }

        var route = _routes.Find(uri);
        if (route.Service is null)
        {
            return route.Origin is null
                ? base.SendAsync(request, cancellationToken)
                : SendElsewhereAsync(new Call(request, uri, route, default, null, cancellationToken), route.Origin);
        }

        var query = QueryOf(request);
        var picking = resolver.GetInstanceAsync(route.Service, query, cancellationToken);
        if (!picking.IsCompletedSuccessfully)
        {
            return PickAndSendAsync(new Call(request, uri, route, query, tried, cancellationToken), picking);
        }

        var instance = picking.Result;
        var target = route.TargetOf(instance, query.Network);
        if (target.Problem is not null || tried?.Contains(instance.Id) == true)
        {
            return SendToAnotherAsync(new Call(request, uri, route, query, tried, cancellationToken), instance);
        }

        // What completes at once costs no state machine.
        OnSending(instance, tried);
        Call.Aim(request, uri, route, target);
        var sending = base.SendAsync(request, cancellationToken);
        if (!sending.IsCompletedSuccessfully)
        {
            return FinishAsync(new Call(request, uri, route, query, tried, cancellationToken), instance, target, sending);
        }

        Call.Restore(request, uri, target);
        resolver.Report(instance, CallOutcome.Succeeded);
        return sending;
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.RequestUri is { IsAbsoluteUri: true } uri && _routes.Find(uri) is not { Service: null, Origin: null }
            ? throw new NotSupportedException($"{uri.Scheme}://{uri.Host}: services are found asynchronously only. Call SendAsync in place of Send.")
            : base.Send(request, cancellationToken);

    private ServiceQuery QueryOf(HttpRequestMessage request)
    {
        var asked = request.Options;
        var query = new ServiceQuery { Shard = asked.TryGetValue(ServiceRequest.Shard, out var shard) ? shard : null };
        // A query that says more costs memory, so it is said only where it differs from what goes without saying.
        if ((asked.TryGetValue(ServiceRequest.Network, out var network) ? network : options.Network) == ServiceNetwork.Private)
        {
            query = query with { Network = ServiceNetwork.Private };
        }

        return asked.TryGetValue(ServiceRequest.Zone, out var zone) ? query with { PreferredZone = zone } : query;
    }

    private void OnSending(ServiceInstance instance, TriedInstances? tried)
    {
        tried?.Add(instance.Id);
        if (reportsStart)
        {
            resolver.Report(instance, CallOutcome.Started);
        }
    }

    private async Task<HttpResponseMessage> PickAndSendAsync(Call call, ValueTask<ServiceInstance> picking)
    {
        ServiceInstance instance;
        try
        {
            instance = await picking.ConfigureAwait(false);
        }
        // An error that lasts until its cause is fixed is thrown as it is. The others may pass: an HttpRequestException is what
        // resilience handlers retry.
        catch (EtcdDiscoveryException reason) when (reason is { IsTransient: true } or NoInstanceFoundException or NoInstanceOnShardException)
        {
            throw new HttpRequestException(HttpRequestError.NameResolutionError, reason.Message, reason);
        }

        var target = call.TargetOf(instance);
        return target.Problem is null && call.Tried?.Contains(instance.Id) != true
            ? await SendToAsync(call, instance, target).ConfigureAwait(false)
            : await SendToAnotherAsync(call, instance).ConfigureAwait(false);
    }

    // Not every instance has every port, and a retry had better not end where the attempt before it did.
    private async Task<HttpResponseMessage> SendToAnotherAsync(Call call, ServiceInstance picked)
    {
        var instance = await NextAsync(call, [picked]).ConfigureAwait(false) ?? picked;
        var target = call.TargetOf(instance);
        return target.Problem is null
            ? await SendToAsync(call, instance, target).ConfigureAwait(false)
            : throw call.ProblemOf(instance);
    }

    private async Task<HttpResponseMessage> SendElsewhereAsync(Call call, string origin)
    {
        var target = Target.Elsewhere(origin);
        try
        {
            call.Aim(target);
            return await base.SendAsync(call.Request, call.CancellationToken).ConfigureAwait(false);
        }
        finally
        {
            call.Restore(target);
        }
    }

    private Task<HttpResponseMessage> SendToAsync(Call call, ServiceInstance instance, Target target)
    {
        OnSending(instance, call.Tried);
        call.Aim(target);
        return FinishAsync(call, instance, target, base.SendAsync(call.Request, call.CancellationToken));
    }

    private async Task<HttpResponseMessage> FinishAsync(
        Call call, ServiceInstance instance, Target target, Task<HttpResponseMessage> sending)
    {
        var tried = default(List<ServiceInstance>);
        while (true)
        {
            Exception failure;
            var aimedAt = call.Request.RequestUri;
            var outcome = CallOutcome.Cancelled;
            try
            {
                var response = await sending.ConfigureAwait(false);
                outcome = CallOutcome.Succeeded;
                return response;
            }
            catch (Exception error)
            {
                outcome = OutcomeOf(call, aimedAt, error);
                if (outcome != CallOutcome.Failed || !MayGoOn(call, error))
                {
                    throw;
                }

                failure = error;
            }
            finally
            {
                call.Restore(target);
                resolver.Report(instance, outcome);
            }

            tried ??= new(options.MaxAttempts);
            tried.Add(instance);
            if (tried.Count == options.MaxAttempts || await NextAsync(call, tried).ConfigureAwait(false) is not { } next)
            {
                ExceptionDispatchInfo.Throw(failure);
                throw failure;
            }

            Log.NextInstance(logger, call.Route.Service!, target.Origin, failure.Message);
            (instance, target) = (next, call.TargetOf(next));
            OnSending(instance, call.Tried);
            call.Aim(target);
            sending = base.SendAsync(call.Request, call.CancellationToken);
        }
    }

    private static CallOutcome OutcomeOf(Call call, Uri? aimedAt, Exception error)
    {
        if (call.Request.RequestUri != aimedAt)
        {
            // A redirect led elsewhere, and elsewhere is what failed.
            return CallOutcome.Succeeded;
        }

        return call.CancellationToken.IsCancellationRequested || error is not (HttpRequestException or { InnerException: TimeoutException })
            ? CallOutcome.Cancelled
            : CallOutcome.Failed;
    }

    private bool MayGoOn(Call call, Exception error) =>
        ReplayPolicy.WasNotSent(error)
        || (options.RetryIdempotent && ReplayPolicy.WasCutOff(error) && ReplayPolicy.IsRepeatable(call.Request));

    /// <summary>
    /// An instance that can be reached and is not among those tried by this attempt, if possible one that no attempt has tried;
    /// null when there is none.
    /// </summary>
    private async ValueTask<ServiceInstance?> NextAsync(Call call, IReadOnlyList<ServiceInstance> tried)
    {
        try
        {
            var picked = await resolver.GetInstanceAsync(call.Route.Service!, call.Query, call.CancellationToken).ConfigureAwait(false);
            if (IsUsable(picked) && IsUntried(picked))
            {
                return picked;
            }

            var all = await resolver.GetInstancesAsync(call.Route.Service!, call.Query, call.CancellationToken).ConfigureAwait(false);
            var first = Random.Shared.Next(all.Count);
            var usable = Enumerable.Range(first, all.Count).Select(index => all[index % all.Count]).Where(IsUsable).ToList();
            return usable.Find(IsUntried) ?? usable.FirstOrDefault();
        }
        catch (EtcdDiscoveryException)
        {
            // There is none any more; what the caller has to know is why the one that was there failed.
            return null;
        }

        bool IsUsable(ServiceInstance instance) =>
            !tried.Any(known => known.Id == instance.Id) && call.TargetOf(instance).Problem is null;

        bool IsUntried(ServiceInstance instance) => call.Tried?.Contains(instance.Id) != true;
    }
}
