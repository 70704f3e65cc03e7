namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>An HTTP/1.1 request to etcd, as sent on the wire.</summary>
internal sealed record RecordedRequest(string Method, string Target, string Body, string? ContentType);
