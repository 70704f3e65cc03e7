using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Storefront.Tests;

/// <summary>A stand-in for a catalog instance, on a free port.</summary>
internal sealed class FakeCatalog : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeCatalog(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public static async Task<FakeCatalog> StartAsync(string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/items/{id:int}", (int id) => new Item(id, $"Item {id}", name));
        await app.StartAsync();
        return new FakeCatalog(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
