using EtcdDiscovery.Stores;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>What a failed call means to the callers of a store.</summary>
internal static class EtcdErrors
{
    // etcd reports some passing troubles of the cluster without a status of their own.
    private static readonly string[] PassingTroubles = ["leader", "timed out", "timeout", "stopped", "proposal dropped", "canceled"];

    private const string NoUser = "user name is empty";

    private static readonly string[] StaleTokens = ["invalid auth token", "revision of auth store is old", NoUser];

    public static EtcdDiscoveryException Translate(string endpoint, EtcdCallException error)
    {
        var advice = Mentions(error, NoUser) ? "; set EtcdDiscovery:Etcd:User and Password"
            : Mentions(error, "permission denied") ? "; grant a role of EtcdDiscovery:Etcd:User to read, and where this application registers to write, /services/ and "
                + "/services_infos/, below EtcdDiscovery:KeyPrefix where that is set"
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

    /// <summary>Whether etcd did nothing because it does not know the token, or was given none.</summary>
    public static bool IsStaleToken(EtcdCallException error) =>
        error.IsAnswer && StaleTokens.Any(words => Mentions(error, words));

    /// <summary>An answer that no etcd gives.</summary>
    public static EtcdDiscoveryException ProtocolViolation(string what) =>
        new($"Etcd gave an answer that makes no sense: {what}.", isTransient: true);

    /// <summary>Whether another endpoint may do better: this one is unreachable, silent, cut off or no etcd.</summary>
    public static bool BlamesEndpoint(EtcdCallException error) => error.Code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => true,
        // What is too long here is so elsewhere, too.
        StatusCode.ResourceExhausted => false,
        _ => !error.IsAnswer,
    };

    /// <summary>Whether etcd's reason for ending a watch passes by itself.</summary>
    public static bool IsTransientReason(string reason) =>
        !reason.Contains("permission denied", StringComparison.OrdinalIgnoreCase)
        && !reason.Contains("PermissionDenied", StringComparison.Ordinal);

    private static bool IsTransient(EtcdCallException error) => error.Code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled
            or StatusCode.Aborted or StatusCode.Internal or StatusCode.ResourceExhausted => true,
        // A token that has expired, not a wrong password: etcd restarts and time alone make tokens invalid.
        StatusCode.Unauthenticated => Mentions(error, "invalid auth token"),
        StatusCode.InvalidArgument => Mentions(error, "revision of auth store is old"),
        StatusCode.Unknown => PassingTroubles.Any(trouble => Mentions(error, trouble)),
        _ => false,
    };

    private static bool Mentions(EtcdCallException error, string words) =>
        error.Message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
