using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.Transport;

/// <summary>What the settings for TLS and authentication may be, whatever protocol is spoken. No problem shows a secret.</summary>
/// <remarks>Files are judged when a connection is made: they may be written later, and change.</remarks>
internal static class EtcdAccessRules
{
    /// <param name="options">The settings.</param>
    /// <param name="section">Their configuration section.</param>
    /// <returns>Every problem, each with the setting's name and what is allowed.</returns>
    public static IReadOnlyList<string> Check(EtcdOptions options, string section)
    {
        var problems = new List<string>();
        CheckTls(options, $"{section}:{nameof(options.Tls)}", problems);
        CheckEndpoints(options, section, problems);
        if (string.IsNullOrEmpty(options.User) != string.IsNullOrEmpty(options.Password))
        {
            var (given, missing) = string.IsNullOrEmpty(options.User)
                ? (nameof(options.Password), nameof(options.User))
                : (nameof(options.User), nameof(options.Password));
            problems.Add($"{section}:{missing} is not set, but {given} is: etcd's authentication needs both. Set both or neither.");
        }

        return problems;
    }

    private static void CheckTls(EtcdOptions options, string section, List<string> problems)
    {
        var tls = options.Tls;
        if (string.IsNullOrWhiteSpace(tls.Certificate) != string.IsNullOrWhiteSpace(tls.Key))
        {
            var (given, missing) = string.IsNullOrWhiteSpace(tls.Key)
                ? (nameof(tls.Certificate), nameof(tls.Key))
                : (nameof(tls.Key), nameof(tls.Certificate));
            problems.Add($"{section}:{missing} is not set, but {given} is: a client certificate needs both. Set both or neither.");
            return;
        }

        if (!string.IsNullOrEmpty(tls.ServerName) && ServiceUriBuilder.DescribeBadHost(tls.ServerName) is { } reason)
        {
            problems.Add($"{section}:{nameof(tls.ServerName)} is '{LogSanitizer.Sanitize(tls.ServerName)}', which {reason}: "
                + "a host name or IP address is allowed.");
        }

        // What stands in the setting itself does not get better by waiting.
        if (TlsMaterial.SettingsOf(tls) is { Count: > 0 } settings && settings.All(setting => !setting.IsFile))
        {
            try
            {
                TlsMaterial.Read(tls);
            }
            catch (TlsException error)
            {
                problems.Add(error.Message);
            }
        }
        else
        {
            problems.AddRange(TlsMaterial.SettingsOf(tls).Select(setting => setting.Problem).OfType<string>());
        }
    }

    // Certificates without https:// are a mistake: the connection would be in plain text.
    private static void CheckEndpoints(EtcdOptions options, string section, List<string> problems)
    {
        if (TlsMaterial.SettingsOf(options.Tls).Count == 0 && string.IsNullOrEmpty(options.Tls.ServerName))
        {
            return;
        }

        for (var i = 0; i < options.Endpoints.Count; i++)
        {
            var endpoint = options.Endpoints[i];
            if (!(endpoint ?? "").TrimStart().StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            {
                problems.Add($"{section}:{nameof(options.Endpoints)}:{i} is '{LogSanitizer.Sanitize(endpoint?[(endpoint.LastIndexOf('@') + 1)..] ?? "")}', "
                    + $"but {nameof(options.Tls)} is set: write https:// in front of the address, or remove {nameof(options.Tls)}.");
            }
        }
    }
}
