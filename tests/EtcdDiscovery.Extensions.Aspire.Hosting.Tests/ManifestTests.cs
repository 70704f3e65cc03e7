using System.Text.Json;
using Aspire.Hosting;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary>The manifest that deployment tools read.</summary>
public sealed class ManifestTests
{
    [Fact]
    public async Task Manifest_Published_DescribesTheContainer()
    {
        var folder = Directory.CreateTempSubdirectory("manifest-");
        try
        {
            var builder = AppHosts.Create("--operation", "publish", "--publisher", "manifest", "--output-path", folder.FullName);
            builder.AddEtcd("etcd").WithDataVolume("registry");

            await using (var app = builder.Build())
            {
                await app.RunAsync(TestContext.Current.CancellationToken);
            }

            var file = Assert.Single(folder.GetFiles("*.json"));
            using var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(file.FullName, TestContext.Current.CancellationToken));
            var etcd = manifest.RootElement.GetProperty("resources").GetProperty("etcd");
            Assert.Equal("quay.io/coreos/etcd:v3.5.30", etcd.GetProperty("image").GetString());
            Assert.Equal("{etcd.bindings.client.url}", etcd.GetProperty("connectionString").GetString());
            Assert.Equal("/usr/local/bin/etcd", etcd.GetProperty("entrypoint").GetString());
            Assert.Equal("http2", etcd.GetProperty("bindings").GetProperty("client").GetProperty("transport").GetString());
            Assert.Equal("/etcd-data", Assert.Single(etcd.GetProperty("volumes").EnumerateArray()).GetProperty("target").GetString());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
