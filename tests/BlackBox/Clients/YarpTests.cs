using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>YARP with the service name as its only destination.</summary>
public sealed class YarpTests(SharedEtcd etcd)
{
    private const int Requests = 600;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_ThroughTheProxyWhileOneOfThreeServersIsKilled_Succeed()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var fleet = await Fleet.StartAsync(etcd, (app, _) => app.MapGet("/items", () => "items"));
        await using var proxy = await Proxy.StartAsync(server.Endpoint, fleet.Service, yarp =>
        {
            yarp.Services.AddHttpClient("proxy")
                .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false })
                .AddDiscovery();
            yarp.Services.AddSingleton<IForwarderHttpClientFactory, DiscoveringClients>();
        });
        using var http = new HttpClient { BaseAddress = new Uri(proxy.Urls.Single()) };
        var (sent, failed) = (0, 0);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(LoadAsync)));

        Assert.Equal(0, failed);

        async Task LoadAsync()
        {
            while (Interlocked.Increment(ref sent) is var number and <= Requests)
            {
                if (number == Requests / 3)
                {
                    await fleet.KillAsync(1);
                }

                using var response = await http.GetAsync("/items", Token);
                if (!response.IsSuccessStatusCode)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }
    }

    private sealed class DiscoveringClients(IHttpMessageHandlerFactory handlers) : IForwarderHttpClientFactory
    {
        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) => new(handlers.CreateHandler("proxy"), disposeHandler: false);
    }
}
