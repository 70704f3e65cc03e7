using EtcdDiscovery.Stores;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>Translates failed calls for the callers of a store.</summary>
internal static class EtcdErrors
{
    // etcd reports some transient errors of the cluster with the status Unknown.
    private static readonly string[] TransientErrors = ["leader", "timed out", "timeout", "stopped", "proposal dropped", "canceled"];

    private const string NoUser = "user name is empty";

    private static readonly string[] StaleTokens = ["invalid auth token", "revision of auth store is old", NoUser];

    public static EtcdDiscoveryException Translate(string endpoint, EtcdCallException error)
    {
        var advice = Mentions(error, NoUser) ? "; set EtcdDiscovery:Etcd:User and Password"
            : Mentions(error, "permission denied") ? "; grant a role of EtcdDiscovery:Etcd:User permission to read (and to write, if this application registers) /services/ and "
                + "/services_infos/, below EtcdDiscovery:KeyPrefix if that is set"
            : "";
        var message = $"Etcd at {endpoint}: {error.Message.TrimEnd('.')}{advice}.";
        return error.Code switch
        {
            StatusCode.NotFound when Mentions(error, "lease not found") => new SessionLostException(message),
            StatusCode.OutOfRange when Mentions(error, "compacted") || Mentions(error, "future revision") =>
                new HistoryLostException(message),
            StatusCode.ResourceExhausted when !error.IsAnswer => new ResponseTooLargeException(message),
            _ => new EtcdDiscoveryException(message, IsTransient(error), error.InnerException),
        };
    }

    /// <summary>Whether etcd rejected the call because the token is unknown or missing.</summary>
    public static bool IsStaleToken(EtcdCallException error) =>
        error.IsAnswer && StaleTokens.Any(words => Mentions(error, words));

    /// <summary>Creates the exception for an answer that violates etcd's protocol.</summary>
    public static EtcdDiscoveryException ProtocolViolation(string what) =>
        new($"Etcd sent an answer that violates its protocol: {what}.", isTransient: true);

    /// <summary>Whether another endpoint may succeed, because this one is unreachable, unresponsive, isolated or not etcd.</summary>
    public static bool BlamesEndpoint(EtcdCallException error) => error.Code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => true,
        // The answer of another endpoint would be as long.
        StatusCode.ResourceExhausted => false,
        _ => !error.IsAnswer,
    };

    /// <summary>Whether etcd's reason for ending a watch is transient.</summary>
    public static bool IsTransientReason(string reason) =>
        !reason.Contains("permission denied", StringComparison.OrdinalIgnoreCase)
        && !reason.Contains("PermissionDenied", StringComparison.Ordinal);

    private static bool IsTransient(EtcdCallException error) => error.Code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled
            or StatusCode.Aborted or StatusCode.Internal or StatusCode.ResourceExhausted => true,
        // The token has expired, or etcd has restarted. A wrong password has another message.
        StatusCode.Unauthenticated => Mentions(error, "invalid auth token"),
        StatusCode.InvalidArgument => Mentions(error, "revision of auth store is old"),
        StatusCode.Unknown => TransientErrors.Any(text => Mentions(error, text)),
        _ => false,
    };

    private static bool Mentions(EtcdCallException error, string words) =>
        error.Message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
