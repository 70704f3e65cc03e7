namespace Storefront;

/// <summary>The catalog, wherever its hosts are.</summary>
public sealed class CatalogClient(HttpClient http)
{
    public async Task<Item?> GetItemAsync(int id, CancellationToken cancellationToken) =>
        await http.GetFromJsonAsync<Item>($"/items/{id}", cancellationToken);
}

/// <summary>Something to buy, and the host of the catalog that knew it.</summary>
public sealed record Item(int Id, string Name, string? From);
