namespace EtcdDiscovery.EtcdV2;

/// <summary>The error codes of etcd's v2 API that this library handles.</summary>
internal static class V2ErrorCode
{
    public const int KeyNotFound = 100;
    public const int CompareFailed = 101;
    public const int KeyExists = 105;
    public const int Unauthorized = 110;
    public const int RaftInternal = 300;
    public const int LeaderElect = 301;
    public const int WatcherCleared = 400;
    public const int EventIndexCleared = 401;
}
