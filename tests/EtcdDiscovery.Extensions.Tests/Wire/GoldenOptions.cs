using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Wire;

/// <summary>Recordings as the library's options, apart from the file that tests/BlackBox shares.</summary>
internal static class GoldenOptions
{
    extension(GoldenCase golden)
    {
        /// <summary>What the Go library was given.</summary>
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
