namespace EtcdDiscovery.Transport;

/// <summary>The user and password with which this application authenticates to etcd.</summary>
/// <remarks>Not related to <see cref="ServiceCredentials"/>, with which callers of a service authenticate.</remarks>
internal sealed record EtcdLogin(string User, string Password)
{
    /// <summary>The login in the options; null if they contain no user.</summary>
    public static EtcdLogin? Of(EtcdOptions options) =>
        string.IsNullOrEmpty(options.User) ? null : new(options.User, options.Password ?? "");

    /// <summary>The same text for every user and password.</summary>
    public override string ToString() => "EtcdLogin { redacted }";
}
