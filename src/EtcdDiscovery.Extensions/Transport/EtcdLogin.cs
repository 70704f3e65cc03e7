namespace EtcdDiscovery.Transport;

/// <summary>The user that etcd knows this application by, and the password.</summary>
/// <remarks>Callers of a service authenticate with <see cref="ServiceCredentials"/>, which have nothing to do with it.</remarks>
internal sealed record EtcdLogin(string User, string Password)
{
    /// <summary>The login that the options say; null when they name no user.</summary>
    public static EtcdLogin? Of(EtcdOptions options) =>
        string.IsNullOrEmpty(options.User) ? null : new(options.User, options.Password ?? "");

    /// <summary>The same text for every user and password.</summary>
    public override string ToString() => "EtcdLogin { redacted }";
}
