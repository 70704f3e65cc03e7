using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A proxy between a host and etcd that records requests.</summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly HttpMessageInvoker _etcd = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly string _target;
    private GrpcTestServer? _server;

    private RecordingProxy(string target) => _target = target;

    public string Endpoint => _server!.Endpoint;

    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    public static async Task<RecordingProxy> StartAsync(EtcdServer server)
    {
        var proxy = new RecordingProxy(server.Endpoint);
        proxy._server = await GrpcTestServer.StartAsync(proxy.ForwardAsync, HttpProtocols.Http1);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _etcd.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        _requests.Enqueue(new RecordedRequest(context.Request.Method, target, body, context.Request.ContentType));
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method),
            new Uri(_target + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (body.Length > 0)
        {
            request.Content = new StringContent(body);
            request.Content.Headers.ContentType = new(context.Request.ContentType!);
        }

        using var response = await _etcd.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Where(header => header.Key.StartsWith("X-", StringComparison.Ordinal)))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        // The headers of a long poll arrive long before its body.
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
