using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Http;

/// <summary>Sends requests for a service to one of its instances, and to another one if the first cannot be reached.</summary>
/// <remarks>The handler owns no resources, because HttpClientFactory does not dispose handlers at a defined time.</remarks>
/// <param name="resolver">Finds the instances.</param>
/// <param name="names">Finds services whose names have capital letters.</param>
/// <param name="options">The client's settings.</param>
/// <param name="telemetry">Counts and traces the attempts.</param>
/// <param name="logger">The logger.</param>
internal sealed partial class DiscoveryHandler(
    IServiceResolver resolver, CapitalizedNames names, HttpDiscoveryOptions options, AttemptTelemetry telemetry, ILogger logger) : DelegatingHandler
{
    private readonly RouteTable _routes = new(options);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        OriginalSchemes.UriOf(request) is { } uri && _routes.Find(uri) is { ChangesUri: true } route
            ? SendAsync(new Call(request, uri, route, QueryOf(request), TriedInstances.Of(request), cancellationToken))
            : base.SendAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(Call call)
    {
        if (call.Route.Service is null)
        {
            return await SendToDnsAsync(call).ConfigureAwait(false);
        }

        var instance = await PickAsync(call).ConfigureAwait(false);
        List<ServiceInstance>? failed = null;
        while (true)
        {
            Exception? failure = null;
            var target = call.TargetOf(instance);
            call.Tried?.OnAttempt(instance.Id);
            var attempt = resolver.StartCall(instance);
            var activity = AttemptTelemetry.Start(call, instance, number: 1 + (failed?.Count ?? 0));
            bool? succeeded = null;
            Uri? sentTo = null;
            try
            {
                sentTo = call.Aim(target);
                var response = await base.SendAsync(call.Request, call.CancellationToken).ConfigureAwait(false);
                succeeded = true;
                return response;
            }
            catch (Exception error)
            {
                failure = error;
                succeeded = call.ResultOf(error, sentTo);
                if (succeeded == false)
                {
                    failure = CertificateMismatch.Explain(error, call) ?? error;
                }

                if (succeeded != false || !MayBeSentAgain(call.Request, error))
                {
                    ExceptionDispatchInfo.Throw(failure);
                }
            }
            finally
            {
                call.Restore(target);
                // Ends before the next pick, so that the pick avoids an instance that has failed.
                call.End(attempt, succeeded);
                telemetry.End(activity, call.Route.Service, succeeded, failure);
            }

            (failed ??= []).Add(instance);
            instance = failed.Count < options.MaxAttempts ? await PickAnotherAsync(call, failed).ConfigureAwait(false) : null;
            if (instance is null)
            {
                ExceptionDispatchInfo.Throw(failure);
            }

            Log.NextInstance(logger, call.Route.Service, target.Origin, failure.Message);
        }
    }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.RequestUri is { IsAbsoluteUri: true } uri && _routes.Find(uri).ChangesUri
            ? throw new NotSupportedException($"{uri.Scheme}://{uri.Host}: service discovery is asynchronous. Call SendAsync instead of Send.")
            : base.Send(request, cancellationToken);

    private ServiceQuery QueryOf(HttpRequestMessage request)
    {
        var requested = request.Options;
        var query = new ServiceQuery { Shard = requested.TryGetValue(ServiceRequest.Shard, out var shard) ? shard : null };
        // Setting these properties allocates, so set them only where they differ from the defaults.
        if ((requested.TryGetValue(ServiceRequest.Network, out var network) ? network : options.Network) == ServiceNetwork.Private)
        {
            query = query with { Network = ServiceNetwork.Private };
        }

        return requested.TryGetValue(ServiceRequest.PreferredZone, out var zone) ? query with { PreferredZone = zone } : query;
    }

    private bool MayBeSentAgain(HttpRequestMessage request, Exception error) =>
        ReplayPolicy.WasNotSent(request, error)
        || (options.RetryIdempotent && ReplayPolicy.WasCutOff(error) && ReplayPolicy.IsRepeatable(request));

    // Replaces the scheme of a URL such as https+http://api.example.com, which no other handler supports.
    private async Task<HttpResponseMessage> SendToDnsAsync(Call call)
    {
        var target = Target.Elsewhere(call.Route.Origin!);
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

    private async ValueTask<ServiceInstance> PickAsync(Call call)
    {
        var service = call.Route.Service!;
        ServiceInstance picked;
        try
        {
            picked = await resolver.GetInstanceAsync(service, call.Query, call.CancellationToken).ConfigureAwait(false);
        }
        catch (ServiceNotFoundException)
        {
            call.Route.Capitalize(await names.FindAsync(call.Route.Host!, call.CancellationToken).ConfigureAwait(false));
            if (call.Route.Service == service)
            {
                throw;
            }

            return await PickAsync(call).ConfigureAwait(false);
        }

        // Resilience handlers retry an HttpRequestException. Permanent errors are thrown unchanged.
        catch (EtcdDiscoveryException error) when (error.IsTransient)
        {
            throw new HttpRequestException(HttpRequestError.NameResolutionError, error.Message, error);
        }

        if (call.TargetOf(picked).Problem is null && !call.WasTried(picked))
        {
            return picked;
        }

        var instance = await PickAnotherAsync(call, [picked]).ConfigureAwait(false) ?? picked;
        return call.TargetOf(instance).Problem is null ? instance : throw call.ProblemOf(instance);
    }

    /// <summary>
    /// Picks a usable instance that is not among the given ones, preferably one that no attempt was sent to; null if there is none.
    /// </summary>
    private async ValueTask<ServiceInstance?> PickAnotherAsync(Call call, IReadOnlyList<ServiceInstance> failed)
    {
        try
        {
            var all = await resolver.GetInstancesAsync(call.Route.Service!, call.Query, call.CancellationToken).ConfigureAwait(false);
            var usable = all.Where(instance => IsUsable(instance) && !failed.Any(other => other.Id == instance.Id)).ToList();
            var untried = usable.FindAll(instance => !call.WasTried(instance));
            if (usable.Count == 0)
            {
                return null;
            }

            var others = all.Except(untried.Count > 0 ? untried : usable).Select(instance => instance.Id).ToHashSet(StringComparer.Ordinal);
            var picked = await resolver.GetInstanceAsync(
                call.Route.Service!, call.Query with { Excluding = others }, call.CancellationToken).ConfigureAwait(false);
            return IsUsable(picked) ? picked : null;
        }
        catch (EtcdDiscoveryException)
        {
            // The caller gets the error of the failed instance, which is more informative.
            return null;
        }

        bool IsUsable(ServiceInstance instance) => call.TargetOf(instance).Problem is null;
    }
}
