using System.Net;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Validates the settings of <c>UseServerAddresses()</c>.</summary>
/// <remarks>Runs when the main options are validated, so that one exception lists all problems.</remarks>
internal sealed class ServerAddressRules(IOptions<ServerAddressOptions> addresses) : IValidateOptions<EtcdDiscoveryOptions>
{
    public ValidateOptionsResult Validate(string? name, EtcdDiscoveryOptions options)
    {
        var network = addresses.Value.PreferredNetwork;
        var problems = new SettingsProblems([]);
        problems.Check(
            $"{ServerAddressOptions.SectionName}:{nameof(ServerAddressOptions.PreferredNetwork)}",
            LogSanitizer.Sanitize(network ?? ""),
            string.IsNullOrEmpty(network) || IPNetwork.TryParse(network, out _),
            "expected a network such as 10.0.0.0/8");
        return problems.IsEmpty ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems.ToList());
    }
}
