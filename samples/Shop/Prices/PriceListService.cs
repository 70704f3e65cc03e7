using Grpc.Core;
using Shop;

namespace Prices;

/// <summary>Returns the prices of the shop's items.</summary>
internal sealed class PriceListService : PriceList.PriceListBase
{
    public override Task<Price> GetPrice(PriceRequest request, ServerCallContext context) =>
        Task.FromResult(new Price { Cents = (100L * request.ItemId) + 99 });
}
