namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A <see cref="KeyWitness"/> of the fake etcd, apart from the file that tests/BlackBox shares.</summary>
internal static class FakeEtcdWitness
{
    extension(KeyWitness)
    {
        public static KeyWitness Of(FakeEtcd fake, string service) =>
            KeyWitness.Of(() => Task.FromResult(fake.Data.Keys($"/services/{service}/")));
    }
}
