using Microsoft.Playwright;

namespace EtcdDiscovery.BlackBox.Browser;

/// <summary>The browser that CHROMIUM names; its tests are skipped without one. <c>eng/test.sh --browser</c> gets one.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("CHROMIUM") is not { Length: > 0 } path)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });
    }

    /// <summary>Skips the test if there is no browser.</summary>
    public void SkipIfMissing() => Assert.SkipWhen(_browser is null, "CHROMIUM is not set: run eng/test.sh --browser.");

    /// <summary>Opens a page.</summary>
    public async Task<IPage> OpenAsync(string url, ColorScheme scheme = ColorScheme.Light, int width = 1100)
    {
        SkipIfMissing();
        var page = await _browser!.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = 900 }, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        await page.GotoAsync(url);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
