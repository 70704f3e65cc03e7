using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A gRPC server on loopback: with Grpc.AspNetCore, or frame by frame for what no healthy etcd does.</summary>
public sealed class GrpcTestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly StrongBox<int> _connections;

    private GrpcTestServer(WebApplication app, StrongBox<int> connections) => (_app, _connections) = (app, connections);

    public string Endpoint => _app.Urls.Single();

    /// <summary>The number of open connections.</summary>
    public int Connections => Volatile.Read(ref _connections.Value);

    /// <summary>Starts a scripted server.</summary>
    public static Task<GrpcTestServer> StartAsync(
        RequestDelegate script, HttpProtocols protocols = HttpProtocols.Http2, X509Certificate2? certificate = null) =>
        StartAsync(_ => { }, app => app.Run(script), protocols, certificate);

    /// <summary>Starts a server with Grpc.AspNetCore.</summary>
    /// <param name="service">The service.</param>
    /// <param name="methods">The methods of the service.</param>
    public static Task<GrpcTestServer> StartAsync<TService>(TService service, IServiceMethodProvider<TService> methods)
        where TService : class =>
        StartAsync(
            services =>
            {
                services.AddGrpc();
                services.AddSingleton(service);
                services.AddSingleton(methods);
            },
            app =>
            {
                // Grpc.AspNetCore ends calls at their deadline, unlike a server that hangs.
                app.Use((context, next) =>
                {
                    context.Request.Headers.Remove("grpc-timeout");
                    return next(context);
                });
                app.MapGrpcService<TService>();
            });

    private static async Task<GrpcTestServer> StartAsync(
        Action<IServiceCollection> configure,
        Action<WebApplication> map,
        HttpProtocols protocols = HttpProtocols.Http2,
        X509Certificate2? certificate = null)
    {
        var connections = new StrongBox<int>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        configure(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // Tests keep quiet streams open for seconds, which the minimum data rate would reject.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }

                listen.Use(next => connection => CountAsync(next, connection, connections));
            });
        });
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new GrpcTestServer(app, connections);
    }

    /// <summary>Reads one message from the client.</summary>
    public static async Task<T> ReadAsync<T>(HttpContext context, MessageParser<T> parser) where T : IMessage<T>
    {
        var header = new byte[5];
        await context.Request.Body.ReadExactlyAsync(header);
        var message = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1))];
        await context.Request.Body.ReadExactlyAsync(message);
        return parser.ParseFrom(message);
    }

    /// <summary>Sends one message and leaves the stream open.</summary>
    public static async Task SendAsync(HttpContext context, IMessage message)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "application/grpc";
        }

        await context.Response.Body.WriteAsync(Frame(message.ToByteArray()));
        await context.Response.Body.FlushAsync();
    }

    /// <summary>Sends messages, and a status in the trailers.</summary>
    public static async Task AnswerAsync(HttpContext context, int status, string? message, params byte[][] messages)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "application/grpc";
        }

        foreach (var bytes in messages)
        {
            await context.Response.Body.WriteAsync(Frame(bytes));
        }

        await context.Response.Body.FlushAsync();
        context.Response.AppendTrailer("grpc-status", $"{status}");
        if (message is not null)
        {
            context.Response.AppendTrailer("grpc-message", message);
        }
    }

    /// <summary>Sends a status in the headers, as gRPC servers do for a failure without messages.</summary>
    public static Task FailAsync(HttpContext context, int status, string message)
    {
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = $"{status}";
        context.Response.Headers["grpc-message"] = message;
        return Task.CompletedTask;
    }

    /// <summary>Never answers.</summary>
    public static async Task StaySilentAsync(HttpContext context)
    {
        var aborted = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(aborted.SetResult);
        await aborted.Task;
    }

    public static byte[] Frame(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static async Task CountAsync(ConnectionDelegate next, ConnectionContext connection, StrongBox<int> connections)
    {
        Interlocked.Increment(ref connections.Value);
        try
        {
            await next(connection);
        }
        finally
        {
            Interlocked.Decrement(ref connections.Value);
        }
    }
}
