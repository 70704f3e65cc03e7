using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.Transport;

/// <summary>Validates the settings for TLS and authentication, for all protocols. Problems contain no secrets.</summary>
/// <remarks>Files are checked when a connection is made, because they may be created or changed later.</remarks>
internal static class EtcdAccessRules
{
    /// <param name="options">The settings.</param>
    /// <param name="section">Their configuration section.</param>
    /// <returns>The problems, each with the setting's name and the allowed values.</returns>
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

        // A value that is not a file can be validated now.
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

    // Certificates with a plain-text endpoint are an error, because the connection would not use them.
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
