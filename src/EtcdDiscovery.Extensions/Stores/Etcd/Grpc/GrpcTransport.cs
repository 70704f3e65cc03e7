namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>Makes one error of whatever went wrong on the way to the service or back.</summary>
internal static class GrpcTransport
{
    public static GrpcException Explain(Exception exception) =>
        exception as GrpcException
        ?? new(GrpcStatusCode.Unavailable, TransportFailure.Describe(exception, "HTTP/2"), exception)
        {
            IsUnsent = TransportFailure.IsUnsent(exception),
        };
}
