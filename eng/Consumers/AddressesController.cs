using Consumer.Library;
using Microsoft.AspNetCore.Mvc;

namespace Consumer.WebApi;

/// <summary>A controller for <c>dotnet new webapi --use-controllers</c>.</summary>
[ApiController]
[Route("addresses")]
public sealed class AddressesController(ServiceAddresses addresses) : ControllerBase
{
    [HttpGet("{service}")]
    public async Task<string> Get(string service, CancellationToken cancellationToken) =>
        (await addresses.FindAsync(service, cancellationToken)).OriginalString;
}
