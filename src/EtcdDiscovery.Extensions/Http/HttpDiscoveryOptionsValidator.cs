using System.Globalization;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Http;

/// <summary>Checks the options of every client that finds services.</summary>
internal sealed class HttpDiscoveryOptionsValidator : IValidateOptions<HttpDiscoveryOptions>
{
    private const int MostAttempts = 10;

    public ValidateOptionsResult Validate(string? name, HttpDiscoveryOptions options)
    {
        var problems = new List<string>();
        if (options.MaxAttempts is < 1 or > MostAttempts)
        {
            problems.Add(string.Create(CultureInfo.InvariantCulture,
                $"{Setting(name, nameof(options.MaxAttempts))} is '{options.MaxAttempts}': a number from 1 to {MostAttempts} is allowed."));
        }

        problems.AddRange(options.ExternalHosts.Where(host => !IsHost(host)).Select(host =>
            $"{Setting(name, nameof(options.ExternalHosts))} contains '{host}': a host name such as api.example.com, or "
            + "*.example.com for all below, is allowed, without scheme, port or path."));
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static bool IsHost(string? host) =>
        host is not null
        && Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) != UriHostNameType.Unknown;

    private static string Setting(string? client, string property) =>
        $"{nameof(HttpDiscoveryOptions)}.{property} of {(string.IsNullOrEmpty(client) ? "an HttpClient" : $"HttpClient '{client}'")}";
}
