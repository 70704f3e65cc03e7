using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A real web server on its own loopback port that counts its requests and runs scripted responses.</summary>
internal sealed class WebInstance : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _requests;

    private WebInstance(RequestDelegate script, HttpProtocols protocols, X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        _app = builder.Build();
        _app.Run(context =>
        {
            Interlocked.Increment(ref _requests);
            return script(context);
        });
    }

    public int Port => new Uri(_app.Urls.Single()).Port;

    public int Requests => Volatile.Read(ref _requests);

    public static async Task<WebInstance> StartAsync(
        RequestDelegate script, HttpProtocols protocols = HttpProtocols.Http1, X509Certificate2? certificate = null)
    {
        var instance = new WebInstance(script, protocols, certificate);
        await instance._app.StartAsync();
        return instance;
    }

    /// <summary>Starts a server that responds with a text.</summary>
    public static Task<WebInstance> StartAsync(string answer) => StartAsync(context => context.Response.WriteAsync(answer));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
