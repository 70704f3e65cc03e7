namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A <see cref="KeyWitness"/> for the fake etcd. A separate file, because tests/BlackBox shares the other one.</summary>
internal static class FakeEtcdWitness
{
    extension(KeyWitness)
    {
        public static KeyWitness Of(FakeEtcd fake, string service) =>
            KeyWitness.Of(() => Task.FromResult(fake.Data.Keys($"/services/{service}/")));
    }
}
