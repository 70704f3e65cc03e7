using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Http;

/// <summary>The host name that requests carry and that certificates are validated against.</summary>
public sealed class HostNameTests : IAsyncDisposable
{
    private readonly TestAuthority _authority = new();
    private WebInstance? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _authority.Dispose();
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

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
    [InlineData(HttpHostName.Instance, null, "127.0.0.1")]
    [InlineData(HttpHostName.Service, null, "catalog")]
    [InlineData(HttpHostName.Service, "mine.example", "mine.example")]
    public async Task Certificate_ValidForTheConfiguredName_IsAccepted(HttpHostName hostName, string? own, string certified)
    {
        await using var fleet = await StartTlsAsync(hostName, certified);

        Assert.Equal("ok", await GetAsync(fleet, own));
    }

    [Theory]
    [InlineData(HttpHostName.Instance, null, "catalog", "'127.0.0.1', the host name that the instance registered. Add that name to the certificate, or set HostName to Service if the certificate is valid for 'catalog'.")]
    [InlineData(HttpHostName.Service, null, "127.0.0.1", "'catalog', the name of the service. Add that name to the certificate, or set HostName to Instance if the certificate is valid for '127.0.0.1'.")]
    [InlineData(HttpHostName.Service, "mine.example", "catalog", "'mine.example', the Host header of the request.")]
    public async Task Certificate_ValidForAnotherName_IsRefusedWithTheNameThatWasChecked(HttpHostName hostName, string? own, string certified, string expected)
    {
        await using var fleet = await StartTlsAsync(hostName, certified);

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(fleet, own));

        Assert.Equal(HttpRequestError.SecureConnectionError, error.HttpRequestError);
        Assert.Matches("^The certificate of https://127.0.0.1:[0-9]+, an instance of service 'catalog', is not valid for " + Regex.Escape(expected) + "$", error.Message);
        Assert.IsType<AuthenticationException>(error.GetBaseException());
    }

    [Fact]
    public async Task Certificate_OfAnUnknownAuthority_IsNotBlamedOnTheHostName()
    {
        using var stranger = new TestAuthority();
        await using var fleet = await StartTlsAsync(HttpHostName.Instance, "127.0.0.1", stranger);

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(fleet, own: null));

        Assert.Equal(HttpRequestError.SecureConnectionError, error.HttpRequestError);
        Assert.DoesNotContain("127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    private static async Task<string> GetAsync(HttpFleet fleet, string? own)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://catalog/items");
        request.Headers.Host = own;
        using var response = await fleet.Http.SendAsync(request, Token);
        return await response.Content.ReadAsStringAsync(Token);
    }

    /// <summary>Starts a client, and an instance with a certificate for a name.</summary>
    private async Task<HttpFleet> StartTlsAsync(HttpHostName hostName, string certified, TestAuthority? issuer = null)
    {
        _server = await WebInstance.StartAsync(
            context => context.Response.WriteAsync("ok"), HttpProtocols.Http1AndHttp2, (issuer ?? _authority).Issue("server", [certified]).Certificate);
        var fleet = await HttpFleet.StartAsync(
            options => options.HostName = hostName,
            client => client.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { SslOptions = Trusting(_authority) }));
        await fleet.RegisterAsync("catalog", $"https={_server.Port}");
        return fleet;
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
