using EtcdDiscovery.AspNetCore.Page;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the discovery page.</summary>
public static class EtcdDiscoveryEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps a live page that shows the services that this process watches, their instances and why each is or is not picked, the process's
    /// own registrations, and the latest events. The same information is available as JSON.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Outside the environment <c>Development</c>, the page requires an authorization policy or explicit anonymous access: call
    /// <c>RequireAuthorization(…)</c> or <c>AllowAnonymous()</c> on the result. Otherwise, it responds with 403.
    /// </para>
    /// <para>
    /// No response contains credentials. The paths below the pattern are <c>services</c> (with <c>?all=true</c>, it also lists services
    /// that are not watched), <c>services/NAME</c>, <c>explain/NAME</c> (<c>?shard=</c>, <c>zone=</c>, <c>scheme=</c>), <c>host</c>, and
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
