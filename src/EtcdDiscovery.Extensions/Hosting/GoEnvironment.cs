using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Hosting;

/// <summary>Applies the environment variables of Go's etcd-discovery to settings that are not configured.</summary>
internal sealed class GoEnvironment(Func<string, string?> variable) : IPostConfigureOptions<EtcdDiscoveryOptions>
{
    private const string DefaultEndpoint = "http://127.0.0.1:2379";

    private static readonly string[] TlsVariables = ["ETCD_CACERT", "ETCD_TLS_CERT", "ETCD_TLS_KEY"];

    public Func<string, string?> Variable => variable;

    public void PostConfigure(string? name, EtcdDiscoveryOptions options)
    {
        var usesDefaultEndpoints = options.Etcd.Endpoints.Count == 0;
        if (usesDefaultEndpoints)
        {
            var hosts = Endpoints("ETCD_HOSTS");
            hosts = hosts.Length > 0 ? hosts : Endpoints("ETCD_HOST");
            options.Etcd.Endpoints = hosts.Length > 0 ? hosts : [DefaultEndpoint];
        }

        if (IsEmpty(options.Etcd.Tls) && TlsFromEnvironment() is { } tls && (usesDefaultEndpoints || options.Etcd.Endpoints.All(IsHttps)))
        {
            options.Etcd.Tls = tls;
            options.Etcd.Endpoints = [.. options.Etcd.Endpoints.Select(WithHttps)];
        }
    }

    private string[] Endpoints(string name) =>
        variable(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Finds which of the three TLS variables are missing if others are set. In that case, none of them has an effect.</summary>
    public IReadOnlyList<string> FindMissingForTls()
    {
        var missing = TlsVariables.Where(name => string.IsNullOrEmpty(variable(name))).ToList();
        return missing.Count < TlsVariables.Length ? missing : [];
    }

    // As in Go, the three variables have an effect only together. ETCD_TLS_INMEMORY, which distinguishes base64 from paths, is not needed,
    // because the format is detected.
    private EtcdTlsOptions? TlsFromEnvironment() => TlsVariables.Any(name => string.IsNullOrEmpty(variable(name))) ? null : new()
    {
        CertificateAuthority = variable(TlsVariables[0]),
        Certificate = variable(TlsVariables[1]),
        Key = variable(TlsVariables[2]),
    };

    private static bool IsEmpty(EtcdTlsOptions tls) =>
        new[] { tls.CertificateAuthority, tls.Certificate, tls.Key, tls.ServerName }.All(string.IsNullOrEmpty);

    private static bool IsHttps(string endpoint) => endpoint.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    // Like Go, uses TLS even for http:// addresses if certificates are set.
    private static string WithHttps(string endpoint)
    {
        const string plain = "http://";
        var address = endpoint.StartsWith(plain, StringComparison.OrdinalIgnoreCase) ? endpoint[plain.Length..] : endpoint;
        return address.Contains("://", StringComparison.Ordinal) ? endpoint : "https://" + address;
    }
}
