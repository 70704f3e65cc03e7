using EtcdDiscovery.Stores.Etcd.Grpc;

namespace EtcdDiscovery.Stores.Etcd;

/// <summary>What a failed call means to the callers of a store.</summary>
internal static class EtcdErrors
{
    // etcd reports some passing troubles of the cluster without a status of their own.
    private static readonly string[] PassingTroubles = ["leader", "timed out", "timeout", "stopped", "proposal dropped", "canceled"];

    private const string NoUser = "user name is empty";

    private static readonly string[] StaleTokens = ["invalid auth token", "revision of auth store is old", NoUser];

    public static EtcdDiscoveryException Translate(string endpoint, GrpcException error)
    {
        var advice = Mentions(error, NoUser) ? "; set EtcdDiscovery:Etcd:User and Password"
            : Mentions(error, "permission denied") ? "; check what the roles of EtcdDiscovery:Etcd:User may read and write"
            : "";
        var message = $"Etcd at {endpoint}: {error.Message.TrimEnd('.')}{advice}.";
        return error.Code switch
        {
            GrpcStatusCode.NotFound when Mentions(error, "lease not found") => new SessionLostException(message),
            GrpcStatusCode.OutOfRange when Mentions(error, "compacted") || Mentions(error, "future revision") =>
                new HistoryLostException(message),
            GrpcStatusCode.ResourceExhausted when !error.IsAnswer => new AnswerTooLargeException(message),
            _ => new EtcdDiscoveryException(message, IsTransient(error), error.InnerException),
        };
    }

    /// <summary>Whether etcd did nothing because it does not know the token, or was given none.</summary>
    public static bool IsStaleToken(GrpcException error) =>
        error.IsAnswer && StaleTokens.Any(words => Mentions(error, words));

    /// <summary>An answer that no etcd gives.</summary>
    public static EtcdDiscoveryException Nonsense(string what) =>
        new($"Etcd gave an answer that makes no sense: {what}.", isTransient: true);

    /// <summary>Whether another endpoint may do better: this one is unreachable, silent, cut off or no etcd.</summary>
    public static bool BlamesEndpoint(GrpcException error) => error.Code switch
    {
        GrpcStatusCode.Unavailable or GrpcStatusCode.DeadlineExceeded => true,
        // What is too long here is so elsewhere, too.
        GrpcStatusCode.ResourceExhausted => false,
        _ => !error.IsAnswer,
    };

    /// <summary>Whether etcd's reason for ending a watch passes by itself.</summary>
    public static bool IsTransientReason(string reason) =>
        !reason.Contains("permission denied", StringComparison.OrdinalIgnoreCase)
        && !reason.Contains("PermissionDenied", StringComparison.Ordinal);

    private static bool IsTransient(GrpcException error) => error.Code switch
    {
        GrpcStatusCode.Unavailable or GrpcStatusCode.DeadlineExceeded or GrpcStatusCode.Cancelled
            or GrpcStatusCode.Aborted or GrpcStatusCode.Internal or GrpcStatusCode.ResourceExhausted => true,
        // A token that has expired, not a wrong password: etcd restarts and time alone make tokens invalid.
        GrpcStatusCode.Unauthenticated => Mentions(error, "invalid auth token"),
        GrpcStatusCode.InvalidArgument => Mentions(error, "revision of auth store is old"),
        GrpcStatusCode.Unknown => PassingTroubles.Any(trouble => Mentions(error, trouble)),
        _ => false,
    };

    private static bool Mentions(GrpcException error, string words) =>
        error.Message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
