using Grpc.Core;
using Shop;

namespace Storefront;

/// <summary>A client of the prices. The shop works without them: an item whose price is not known in time has none.</summary>
internal sealed partial class PriceClient(PriceList.PriceListClient prices, ILogger<PriceClient> logger)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    public async Task<decimal?> FindPriceAsync(int itemId, CancellationToken cancellationToken)
    {
        try
        {
            var price = await prices.GetPriceAsync(
                new PriceRequest { ItemId = itemId }, deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);
            return price.Cents / 100m;
        }
        catch (RpcException error) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NoPrice(logger, itemId, error.StatusCode);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Item {Item} has no price: {Status}", EventName = "NoPrice")]
        public static partial void NoPrice(ILogger logger, int item, StatusCode status);
    }
}
