using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>Translates failed calls into exceptions for the callers of a store.</summary>
internal static class EtcdErrors
{
    private const int MaxNamedPrefixes = 4;

    // etcd reports some transient cluster errors with the status Unknown.
    private static readonly string[] TransientErrors = ["leader", "timed out", "timeout", "stopped", "proposal dropped", "canceled"];

    private const string Denied = "permission denied";

    private const string Everything = "read (and write, if this application registers services) /services/ and /services_infos/, "
        + "below EtcdDiscovery:KeyPrefix if it is set";

    private const string NoUser = "user name is empty";

    private static readonly string[] StaleTokens = ["invalid auth token", "revision of auth store is old", NoUser];

    /// <param name="endpoint">The endpoint for display.</param>
    /// <param name="error">The failure.</param>
    /// <param name="access">What the call needed, from <see cref="DescribeAccess"/>; null if that is not known.</param>
    public static EtcdDiscoveryException Translate(string endpoint, EtcdCallException error, string? access = null)
    {
        var advice = Mentions(error, NoUser) ? "; set EtcdDiscovery:Etcd:User and Password"
            : IsDenied(error) ? $"; grant one of the roles of EtcdDiscovery:Etcd:User the permission to {access ?? Everything}"
            : error is { Code: StatusCode.Unimplemented, IsAnswer: true }
                ? $"; either this is an old version of etcd, or {TransportFailure.NotEtcd}"
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

    /// <summary>Describes what a call needs, such as <c>write /services/shop/</c>. Permissions are granted for prefixes.</summary>
    public static string DescribeAccess(string right, IEnumerable<string> prefixes)
    {
        var distinct = prefixes.Distinct(StringComparer.Ordinal).ToList();
        return $"{right} {string.Join(" and ", distinct.Take(MaxNamedPrefixes).Select(prefix => LogSanitizer.Sanitize(prefix)))}"
            + (distinct.Count > MaxNamedPrefixes ? " and others" : "");
    }

    /// <summary>Whether etcd rejected the call because the token is unknown or missing.</summary>
    public static bool IsStaleToken(EtcdCallException error) =>
        error.IsAnswer && StaleTokens.Any(words => Mentions(error, words));

    /// <summary>Whether etcd denied the user a permission.</summary>
    public static bool IsDenied(EtcdCallException error) => Mentions(error, Denied);

    /// <summary>Creates the exception for an answer that violates etcd's protocol.</summary>
    public static EtcdDiscoveryException ProtocolViolation(string what) =>
        new($"Etcd sent an answer that violates its protocol: {what}.", isTransient: true);

    /// <summary>Whether another endpoint may succeed, because this one is unreachable, unresponsive, isolated or not etcd.</summary>
    public static bool BlamesEndpoint(EtcdCallException error) => error.Code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => true,
        // The response of another endpoint would be just as large.
        StatusCode.ResourceExhausted => false,
        _ => !error.IsAnswer,
    };

    /// <summary>Creates the exception for a watch that etcd has ended.</summary>
    /// <param name="reason">The reason that etcd gave; empty if it gave none.</param>
    /// <param name="prefix">What was watched.</param>
    public static EtcdDiscoveryException WatchEnded(string reason, string prefix)
    {
        var isDenied = reason.Contains(Denied, StringComparison.OrdinalIgnoreCase) || reason.Contains("PermissionDenied", StringComparison.Ordinal);
        var advice = isDenied
            ? $"; grant one of the roles of EtcdDiscovery:Etcd:User the permission to {DescribeAccess("read", [prefix])}"
            : "";
        return new($"Etcd ended the watch: {(reason.Length > 0 ? LogSanitizer.Sanitize(reason) : "no reason given")}{advice}.", isTransient: !isDenied);
    }

    private static bool IsTransient(EtcdCallException error) => error.Code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled
            or StatusCode.Aborted or StatusCode.Internal or StatusCode.ResourceExhausted => true,
        // The token has expired, or etcd has restarted. For a wrong password, the message is different.
        StatusCode.Unauthenticated => Mentions(error, "invalid auth token"),
        StatusCode.InvalidArgument => Mentions(error, "revision of auth store is old"),
        StatusCode.Unknown => TransientErrors.Any(text => Mentions(error, text)),
        _ => false,
    };

    private static bool Mentions(EtcdCallException error, string words) =>
        error.Message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
