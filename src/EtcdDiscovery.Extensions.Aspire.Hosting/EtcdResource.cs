namespace Aspire.Hosting.ApplicationModel;

/// <summary>A container that runs etcd as a single member, without TLS or authentication.</summary>
/// <remarks>
/// <see cref="EtcdBuilderExtensions.AddEtcd"/> adds it to an AppHost. Its connection string is etcd's URL, such as <c>http://localhost:32768</c>,
/// which <c>AddEtcdDiscovery("etcd")</c> reads.
/// </remarks>
/// <param name="name">The name of the resource, which is also the name of its connection string.</param>
public sealed class EtcdResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string ClientEndpointName = "client";

    /// <summary>The endpoint that clients connect to: HTTP with the v3 API (gRPC), <c>/health</c> and, if enabled, the v2 keys API.</summary>
    public EndpointReference PrimaryEndpoint => field ??= new EndpointReference(this, ClientEndpointName);

    /// <summary>The URL of etcd, as the application that refers to the resource reaches it.</summary>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Url)}");

    // WithReference turns each of these into an environment variable, such as ETCD_URI. There is no "Host", because the Go library expects
    // URLs in ETCD_HOST.
    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
        [new("Uri", ConnectionStringExpression)];
}
