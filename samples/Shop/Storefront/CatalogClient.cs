namespace Storefront;

/// <summary>A client of the catalog. Discovery resolves the host name <c>catalog</c> to one of its instances.</summary>
public sealed class CatalogClient(HttpClient http)
{
    public async Task<Item> GetItemAsync(int id, CancellationToken cancellationToken) =>
        await http.GetFromJsonAsync<Item>($"/items/{id}", cancellationToken)
            ?? throw new InvalidDataException($"The catalog returned no item {id}.");
}

/// <summary>An item, the id of the catalog instance that returned it, and its price if it is known.</summary>
public sealed record Item(int Id, string Name, string? From, decimal? Price = null);
