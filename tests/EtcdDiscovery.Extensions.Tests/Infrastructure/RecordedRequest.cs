namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>What was asked of etcd over HTTP/1.1, as it was on the wire.</summary>
internal sealed record RecordedRequest(string Method, string Target, string Body, string? ContentType);
