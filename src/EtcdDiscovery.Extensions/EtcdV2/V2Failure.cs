using System.Globalization;
using System.Net;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;

namespace EtcdDiscovery.EtcdV2;

/// <summary>A failed request, classified.</summary>
internal sealed class V2Failure(string message, Exception? cause = null) : Exception(message, cause)
{
    private const string DenialAdvice = $"check {EtcdDiscoveryOptions.SectionName}:Etcd:User and Password";

    /// <summary>Whether the request cannot have reached a server.</summary>
    public bool IsUnsent { get; private init; }

    /// <summary>Whether no response arrived in time.</summary>
    public bool IsSilence { get; private init; }

    /// <summary>Whether the server answered.</summary>
    public bool IsAnswer { get; private init; }

    /// <summary>Whether the user lacks the permission for the request.</summary>
    public bool IsDenied { get; private init; }

    /// <summary>Whether another endpoint may succeed.</summary>
    public bool BlamesEndpoint { get; private init; } = true;

    private bool IsTransient { get; init; } = true;

    private bool IsHistoryLost { get; init; }

    public static V2Failure OfTransport(Exception exception) =>
        new(TransportFailure.Describe(exception, "HTTP/1.1"), exception) { IsUnsent = TransportFailure.IsUnsent(exception) };

    /// <summary>Replaces the reason of a transport failure with a more precise one.</summary>
    public V2Failure Because(string reason) =>
        IsAnswer || InnerException is null ? this : new(reason, InnerException) { IsUnsent = IsUnsent };

    public static V2Failure OfSilence(TimeSpan timeout) =>
        new(string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalSeconds:0.###} s")) { IsSilence = true };

    public static V2Failure OfProtocolViolation(string what) => new(what) { IsAnswer = true };

    /// <summary>A response exceeds the size limit. Retries and other endpoints do not help.</summary>
    public static V2Failure OfSize(int limit) => new(
        string.Create(CultureInfo.InvariantCulture, $"its answer exceeds {limit / 1024 / 1024} MiB"))
    {
        IsAnswer = true,
        BlamesEndpoint = false,
        IsTransient = false,
    };

    public static V2Failure OfStatus(HttpStatusCode status, V2Document? document)
    {
        var number = (int)status;
        if (document is not { ErrorCode: > 0 } error)
        {
            return OfStatus(number, document?.Message);
        }

        var isTrouble = number >= 500 || error.ErrorCode is V2ErrorCode.RaftInternal or V2ErrorCode.LeaderElect;
        return new(Describe(error))
        {
            IsAnswer = true,
            IsDenied = error.ErrorCode == V2ErrorCode.Unauthorized,
            BlamesEndpoint = isTrouble,
            IsTransient = isTrouble || error.ErrorCode is V2ErrorCode.WatcherCleared or V2ErrorCode.EventIndexCleared,
            IsHistoryLost = error.ErrorCode == V2ErrorCode.EventIndexCleared,
        };
    }

    /// <summary>Translates the failure for callers of the store.</summary>
    /// <param name="endpoint">The member's address for display.</param>
    /// <param name="request">The request.</param>
    public EtcdDiscoveryException Translate(string endpoint, V2Request request)
    {
        var advice = IsDenied ? $"; {DenialAdvice}, and grant one of its roles the permission to {request.DescribeAccess()}" : "";
        var message = $"Etcd at {endpoint}: {Message.TrimEnd('.')}{advice}.";
        return IsHistoryLost ? new HistoryLostException(message)
            : new EtcdDiscoveryException(message, IsTransient, InnerException);
    }

    private static V2Failure OfStatus(int number, string? text)
    {
        var status = string.Create(CultureInfo.InvariantCulture, $"HTTP status {number}");
        var message = number switch
        {
            404 => "it does not serve the v2 keys API (HTTP status 404): start etcd 3.4 or 3.5 with --enable-v2; "
                + $"if it already has that option, {TransportFailure.NotEtcd}",
            >= 300 and < 400 => $"it answers with a redirect ({status}), which is not followed",
            401 => $"it asks for a user and password ({status}); {DenialAdvice}",
            >= 400 and < 500 and not (403 or 408 or 429) when text is null => $"{status}, so {TransportFailure.NotEtcd}",
            _ => text is null ? status : $"{LogSanitizer.Sanitize(text)} ({status})",
        };
        return new(message) { IsAnswer = true, IsTransient = number is >= 500 or 408 or 429, BlamesEndpoint = number is not (401 or 403) };
    }

    private static string Describe(V2Document error) => string.Create(
        CultureInfo.InvariantCulture,
        $"{LogSanitizer.Sanitize(error.Message ?? "an error")} (error {error.ErrorCode}: {LogSanitizer.Sanitize(error.Cause ?? "")})");
}
