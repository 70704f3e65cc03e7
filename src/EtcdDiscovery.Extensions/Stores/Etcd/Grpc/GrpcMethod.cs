using Google.Protobuf;

namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>A method of a gRPC service.</summary>
/// <param name="Path">The path to post to: <c>/package.Service/Method</c>.</param>
/// <param name="ResponseParser">Reads the answers.</param>
internal sealed record GrpcMethod<TRequest, TResponse>(string Path, MessageParser<TResponse> ResponseParser)
    where TRequest : IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>;
