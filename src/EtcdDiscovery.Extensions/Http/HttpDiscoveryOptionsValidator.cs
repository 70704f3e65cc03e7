using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Http;

/// <summary>Validates the options of every client with service discovery.</summary>
internal sealed class HttpDiscoveryOptionsValidator : IValidateOptions<HttpDiscoveryOptions>
{
    private const int MostAttempts = 10;

    private const string HostsAllowed =
        "expected a host name such as api.example.com, or *.example.com for all names below it, without scheme, port or path";

    public ValidateOptionsResult Validate(string? name, HttpDiscoveryOptions options)
    {
        var problems = new List<string>();
        if (options.MaxAttempts is < 1 or > MostAttempts)
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture,
                $"{Setting(name, nameof(options.MaxAttempts))} is '{options.MaxAttempts}': expected a number from 1 to {MostAttempts}."));
        }

        if (!Enum.IsDefined(options.HostName))
        {
            problems.Add($"{Setting(name, nameof(options.HostName))} is '{options.HostName}': expected one of {string.Join(", ", Enum.GetNames<HttpHostName>())}.");
        }

        problems.AddRange(options.ExternalHosts.Where(host => !IsHost(host)).Select(host =>
            $"{Setting(name, nameof(options.ExternalHosts))} contains '{host}': {HostsAllowed}."));
        problems.AddRange(options.ServiceHosts.Where(host => host != "*" && !IsHost(host)).Select(host =>
            $"{Setting(name, nameof(options.ServiceHosts))} contains '{host}': {HostsAllowed}; '*' stands for every host."));
        problems.AddRange(options.AllowedNetworks.Where(network => !IPNetwork.TryParse(network, out _)).Select(network =>
            $"{Setting(name, nameof(options.AllowedNetworks))} contains '{network}': expected a network such as 10.0.0.0/8 or fd00::/8."));
        if (!options.IsOwn && options.ServiceHosts.Count == 0)
        {
            problems.Add($"{Setting(null, nameof(options.ServiceHosts))} is empty, but ConfigureHttpClientDefaults adds service discovery "
                + "to all clients: list the hosts that are services, such as 'catalog' or '*.internal' ('*' trusts every writer of the "
                + "registry with all requests), or call AddEtcdDiscovery() on the clients that call services instead.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static bool IsHost(string? host) =>
        host is not null
        && Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) != UriHostNameType.Unknown;

    private static string Setting(string? client, string property) =>
        $"{nameof(HttpDiscoveryOptions)}.{property} of {(string.IsNullOrEmpty(client) ? "an HttpClient" : $"HttpClient '{client}'")}";
}
