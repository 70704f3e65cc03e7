using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EtcdDiscovery.Diagnostics;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.AspNetCore.Page;

/// <summary>The endpoints of the discovery page.</summary>
internal static class DiscoveryPage
{
    // Scripts and styles are loaded only from the page's own files, so nothing that a service writes is ever executed.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly string Html = Resource("page.html");
    private static readonly string Script = Resource("page.js");
    private static readonly string Style = Resource("page.css");

    public static IEndpointConventionBuilder Map(RouteGroupBuilder group)
    {
        Get(group, "/", WriteHtmlAsync);
        Get(group, "/page.js", context => WriteAsync(context, Script, "text/javascript; charset=utf-8"));
        Get(group, "/page.css", context => WriteAsync(context, Style, "text/css; charset=utf-8"));
        Get(group, "/services", WriteServicesAsync);
        Get(group, "/services/{**name}", WriteServiceAsync);
        Get(group, "/explain/{**name}", WriteServiceAsync);
        Get(group, "/host", context => WriteAsync(context, HostDocument.Of(context.RequestServices), PageJsonContext.Default.HostDocument));
        Get(group, "/events", WriteEventsAsync);
        return group;
    }

    private static void Get(RouteGroupBuilder group, string pattern, RequestDelegate handler) =>
        group.MapGet(pattern, context => IsAllowed(context) ? handler(context) : RefuseAsync(context)).ExcludeFromDescription();

    private static bool IsAllowed(HttpContext context) => context.RequestServices.GetRequiredService<IHostEnvironment>().IsDevelopment()
        || context.GetEndpoint()?.Metadata is { } metadata
            && (metadata.GetMetadata<IAuthorizeData>() is not null
                || metadata.GetMetadata<AuthorizationPolicy>() is not null
                || metadata.GetMetadata<IAllowAnonymous>() is not null);

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return WriteAsync(
            context,
            "Outside the environment Development, this page requires an authorization policy: call .RequireAuthorization(…) or .AllowAnonymous() on MapEtcdDiscovery().",
            "text/plain; charset=utf-8");
    }

    private static Task WriteHtmlAsync(HttpContext context)
    {
        // Links contain the page's path. Relative links would resolve outside that path if it has no trailing slash.
        var root = context.Request.PathBase.Add(context.Request.Path).Value!.TrimEnd('/');
        return WriteAsync(context, Html.Replace("{root}", HtmlEncoder.Default.Encode(root), StringComparison.Ordinal), "text/html; charset=utf-8");
    }

    private static async Task WriteServicesAsync(HttpContext context)
    {
        var services = context.RequestServices.GetRequiredService<IDiscoveryDiagnostics>().GetSnapshots().Select(ServiceSummary.Of).ToList();
        if (context.Request.Query["all"] == "true")
        {
            var known = services.Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
            var names = await context.RequestServices.GetRequiredService<IServiceDirectory>().GetServiceNamesAsync(context.RequestAborted).ConfigureAwait(false);
            services.AddRange(names.Where(name => !known.Contains(name)).Select(ServiceSummary.Unwatched));
        }

        await WriteAsync(context, services, PageJsonContext.Default.ListServiceSummary).ConfigureAwait(false);
    }

    private static async Task WriteServiceAsync(HttpContext context)
    {
        var asked = context.Request.Query;
        var query = new ServiceQuery { Shard = asked["shard"], PreferredZone = Optional(asked["zone"]), Scheme = asked["scheme"] };
        var name = (string?)context.Request.RouteValues["name"] ?? "";
        try
        {
            var explanation = await context.RequestServices.GetRequiredService<IDiscoveryDiagnostics>()
                .ExplainAsync(name, query, context.RequestAborted).ConfigureAwait(false);
            context.Response.StatusCode = explanation.Snapshot.Exists ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
            await WriteAsync(context, ServiceDetail.Of(explanation), PageJsonContext.Default.ServiceDetail).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ArgumentException or EtcdDiscoveryException)
        {
            context.Response.StatusCode = error switch
            {
                ArgumentException => StatusCodes.Status400BadRequest,
                ServiceNotFoundException => StatusCodes.Status404NotFound,
                _ => StatusCodes.Status503ServiceUnavailable,
            };
            await WriteAsync(context, new ErrorDocument(error.Message), PageJsonContext.Default.ErrorDocument).ConfigureAwait(false);
        }
    }

    private static async Task WriteEventsAsync(HttpContext context)
    {
        // A page that stays open must not delay the shutdown of the application.
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        await TypedResults.ServerSentEvents(LiveFeed.FollowAsync(context.RequestServices, ending.Token)).ExecuteAsync(context).ConfigureAwait(false);
    }

    private static Task WriteAsync(HttpContext context, string text, string contentType)
    {
        context.Response.ContentType = contentType;
        context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static Task WriteAsync<T>(HttpContext context, T document, JsonTypeInfo<T> type) =>
        WriteAsync(context, JsonSerializer.Serialize(document, type), "application/json; charset=utf-8");

    private static string? Optional(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(DiscoveryPage).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
