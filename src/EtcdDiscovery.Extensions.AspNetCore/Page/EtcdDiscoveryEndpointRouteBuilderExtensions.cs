using EtcdDiscovery.AspNetCore.Page;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the discovery page.</summary>
public static class EtcdDiscoveryEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps a live page that shows which services this process watches, their instances and why they are or are not picked, its own
    /// registrations, and what happened last. The same is available as JSON.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Outside the environment <c>Development</c>, the page needs an authorization policy or an explicit permission for everyone: call
    /// <c>RequireAuthorization(…)</c> or <c>AllowAnonymous()</c> on the result. Without either, it answers 403.
    /// </para>
    /// <para>
    /// No response contains credentials. Below the pattern are <c>services</c> (<c>?all=true</c> lists those that are not watched, too),
    /// <c>services/NAME</c>, <c>explain/NAME</c> (<c>?shard=</c>, <c>zone=</c>, <c>scheme=</c>), <c>host</c>, and
    /// <c>events</c>, a stream of server-sent events.
    /// </para>
    /// </remarks>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">Where to map the page.</param>
    /// <returns>The endpoints, to add policies to.</returns>
    public static IEndpointConventionBuilder MapEtcdDiscovery(this IEndpointRouteBuilder endpoints, string pattern = "/discovery")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        return DiscoveryPage.Map(endpoints.MapGroup(pattern.TrimEnd('/')));
    }
}
