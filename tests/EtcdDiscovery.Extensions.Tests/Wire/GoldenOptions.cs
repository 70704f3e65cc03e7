using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Wire;

/// <summary>Converts recordings to options of the library. Separate from GoldenCase, which tests/BlackBox shares.</summary>
internal static class GoldenOptions
{
    extension(GoldenCase golden)
    {
        /// <summary>The options with which the Go library was called.</summary>
        public ServiceRegistrationOptions Options => new()
        {
            Name = golden.Service,
            Hostname = golden.Hostname,
            Ports = golden.HostPorts,
            Public = golden.IsPublic,
            PrivateHostname = golden.PrivateHostname,
            PrivatePorts = golden.PrivatePorts,
            Critical = golden.IsCritical,
            Shard = golden.Shard,
            User = golden.User,
            Password = golden.Password,
        };
    }
}
