using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Http;

/// <summary>The host name that requests carry and that certificates are validated against.</summary>
public sealed class HostNameTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(HttpHostName.Instance, null, "127.0.0.1:{0}")]
    [InlineData(HttpHostName.Service, null, "catalog")]
    [InlineData(HttpHostName.Service, "mine.example", "mine.example")]
    public async Task HostHeader_NotSetByTheCaller_FollowsTheHostNameSetting(HttpHostName hostName, string? own, string expected)
    {
        await using var server = await WebInstance.StartAsync(context => context.Response.WriteAsync(context.Request.Headers.Host.ToString()));
        await using var fleet = await HttpFleet.StartAsync(options => options.HostName = hostName);
        await fleet.RegisterAsync("catalog", server.Port);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://catalog/items");
        request.Headers.Host = own;

        using var response = await fleet.Http.SendAsync(request, Token);

        Assert.Equal(string.Format(null, expected, server.Port), await response.Content.ReadAsStringAsync(Token));
        // Restored, so that sending the request again resolves the service again.
        Assert.Equal(own, request.Headers.Host);
    }

    [Theory]
    [InlineData(HttpHostName.Instance, "catalog", false)]
    [InlineData(HttpHostName.Instance, "127.0.0.1", true)]
    [InlineData(HttpHostName.Service, "catalog", true)]
    [InlineData(HttpHostName.Service, "127.0.0.1", false)]
    public async Task Certificate_OfTheServer_IsValidatedAgainstTheConfiguredName(HttpHostName hostName, string certified, bool isTrusted)
    {
        using var authority = new TestAuthority();
        await using var server = await WebInstance.StartAsync(
            context => context.Response.WriteAsync("ok"), HttpProtocols.Http1AndHttp2, authority.Issue("server", [certified]).Certificate);
        await using var fleet = await HttpFleet.StartAsync(
            options => options.HostName = hostName,
            client => client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { SslOptions = Trusting(authority) }));
        await fleet.RegisterAsync("catalog", $"https={server.Port}");

        var error = await Record.ExceptionAsync(() => fleet.Http.GetStringAsync(new Uri("https://catalog/items"), Token));

        Assert.Equal(isTrusted, error is null);
        Assert.True(isTrusted || error is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }, error?.ToString());
    }

    private static SslClientAuthenticationOptions Trusting(TestAuthority authority) => new()
    {
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { authority.Certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };
}
