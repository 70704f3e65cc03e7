using System.Net;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Checks the settings of <c>UseServerAddresses()</c>.</summary>
/// <remarks>As a part of the main options, so that one exception lists these problems beside those of the library's settings.</remarks>
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
            "a network such as 10.0.0.0/8 is allowed");
        return problems.IsEmpty ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems.ToList());
    }
}
