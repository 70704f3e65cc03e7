namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>A gRPC call that failed. Never leaves the folder above: callers translate it and name the endpoint.</summary>
internal sealed class GrpcException : Exception
{
    public GrpcException(GrpcStatusCode code, string detail, Exception? innerException = null)
        : base(detail, innerException)
    {
        Code = code;
    }

    public GrpcStatusCode Code { get; }

    /// <summary>Whether the service cannot have seen the call: no connection was made.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>Whether the service itself answered with this status; otherwise the way to it failed.</summary>
    public bool IsAnswer { get; init; }
}
