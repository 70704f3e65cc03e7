using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using YamlDotNet.RepresentationModel;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The manifests in samples work, and agree with the guides.</summary>
public sealed class ManifestTests
{
    private const string PodAddress = "10.0.0.7";
    private const string Prefix = EtcdDiscoveryOptions.SectionName + "__";

    private static readonly string Guide = Repository.Read("docs/kubernetes.md");

    private static readonly Dictionary<string, YamlMappingNode> Manifests = Parse(Repository.Read("samples/Kubernetes/catalog.yaml"))
        .Cast<YamlMappingNode>()
        .ToDictionary(manifest => Text(manifest, "kind"));

    private static readonly YamlMappingNode Deployment = Map(Manifests["Deployment"], "spec");
    private static readonly YamlMappingNode Pod = Map(Deployment, "template", "spec");
    private static readonly YamlMappingNode Container = (YamlMappingNode)Assert.Single(List(Pod, "containers"));

    /// <summary>The variables of the container, as Kubernetes sets them.</summary>
    private static Dictionary<string, string> Environment => new(
        Map(Manifests["ConfigMap"], "data").Concat(Map(Manifests["Secret"], "stringData"))
            .Select(pair => KeyValuePair.Create(pair.Key.ToString(), pair.Value.ToString()))
            .Concat(Variables(Container)));

    [Fact]
    public void Manifests_All_HaveKindsThatKubernetesKnows() =>
        Assert.Equal(
            ["apps/v1 Deployment", "v1 ConfigMap", "v1 Secret"],
            Manifests.Values.Select(manifest => $"{Text(manifest, "apiVersion")} {Text(manifest, "kind")}").Order(StringComparer.Ordinal));

    [Fact]
    public void References_InTheDeployment_AreResolved()
    {
        var volumes = List(Pod, "volumes").Select(volume => Text(volume, "name")).ToList();
        var mounts = List(Container, "volumeMounts").Select(mount => Text(mount, "name"));
        var sources = List(Container, "envFrom").Cast<YamlMappingNode>().Select(source => Assert.Single(source))
            .Select(source => (Kind: source.Key.ToString(), Name: Text(source.Value, "name")));

        Assert.Equal(Map(Deployment, "selector", "matchLabels"), Map(Deployment, "template", "metadata", "labels"));
        Assert.Equal(volumes, mounts);
        Assert.Equal([("configMapRef", NameOf("ConfigMap")), ("secretRef", NameOf("Secret"))], sources);
        Assert.StartsWith(
            Text(List(Container, "volumeMounts")[0], "mountPath") + "/",
            Environment["EtcdDiscovery__Etcd__Tls__CertificateAuthority"],
            StringComparison.Ordinal);

        static string NameOf(string kind) => Text(Map(Manifests[kind], "metadata"), "name");
    }

    [Fact]
    public void Variables_OfTheManifestsAndTheGuide_AreSettings()
    {
        var page = Repository.Read("docs/settings.md");
        string[] headings = ["## Application", "## Timing and failure", "## etcd", "## Service", "## Health check and telemetry", "## ASP.NET Core"];
        var settings = headings.SelectMany(heading => Markdown.Table(page, heading)).Select(row => row[0]).ToHashSet(StringComparer.Ordinal);
        var names = Environment.Keys.Concat(Blocks().SelectMany(Variables).Select(pair => pair.Key))
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal))
            .ToList();

        Assert.Contains("Service:Hostname", names);
        Assert.DoesNotContain(names, name => !settings.Contains(name));
    }

    [Fact]
    public async Task Variables_OfTheDeployment_RegisterTheAddressOfThePod()
    {
        var (registered, server) = await SettingsExample.RegisterAsync("catalog", configuration =>
        {
            configuration.AddInMemoryCollection(Environment
                .ToDictionary(pair => pair.Key.Replace("__", ":", StringComparison.Ordinal), pair => (string?)pair.Value));
            configuration["EtcdDiscovery:DrainDelay"] = "00:00:00"; // so that the test ends at once
        });

        Assert.Equal($"http://{PodAddress}:{new Uri(server).Port}", registered);
    }

    [Fact]
    public void GracePeriod_OfTheDeployment_CoversTheShutdown()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(Environment
            .Where(pair => pair.Key.StartsWith("DOTNET_", StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key["DOTNET_".Length..], pair => (string?)pair.Value));
        using var host = builder.Build();

        var gracePeriod = TimeSpan.FromSeconds(int.Parse(Text(Pod, "terminationGracePeriodSeconds"), null));
        var shutdownTimeout = host.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout;
        var drainDelay = TimeSpan.Parse(Environment["EtcdDiscovery__DrainDelay"], null);

        // docs/deploying.md: the timeout also covers 10 s for an etcd that does not answer.
        Assert.True(shutdownTimeout > drainDelay + TimeSpan.FromSeconds(10), $"{shutdownTimeout} is too short for {drainDelay}.");
        Assert.True(gracePeriod > shutdownTimeout, $"{gracePeriod} is too short for {shutdownTimeout}.");
    }

    [Theory]
    [InlineData("readinessProbe", "/ready")]
    [InlineData("livenessProbe", "/alive")]
    public void Probe_OfTheDeployment_IsMappedByTheSample(string probe, string path)
    {
        var request = Map(Container, probe, "httpGet");

        Assert.Equal(path, Text(request, "path"));
        Assert.Equal(Environment["ASPNETCORE_HTTP_PORTS"], Text(request, "port"));
        Assert.Equal(Environment["ASPNETCORE_HTTP_PORTS"], Text(Assert.Single(List(Container, "ports")), "containerPort"));
        var lines = Markdown.Lines(Repository.Read("samples/Shop/Catalog/Program.cs"));
        Assert.Contains(
            lines.Single(line => line.Contains($"MapHealthChecks(\"{path}\"", StringComparison.Ordinal)),
            Markdown.Lines(Repository.Read("docs/aspnetcore.md")));
    }

    [Fact]
    public void Guide_ComparedWithTheManifests_AgreesWithThem()
    {
        var environment = Environment;
        var variables = Blocks().SelectMany(Variables).Where(pair => environment.ContainsKey(pair.Key)).ToList();
        var values = Blocks().SelectMany(block => block.AllNodes).OfType<YamlMappingNode>().SelectMany(node => node)
            .Where(pair => pair.Key.ToString() is "readinessProbe" or "livenessProbe" or "terminationGracePeriodSeconds")
            .ToList();

        Assert.Equal(5, variables.Select(pair => pair.Key).Distinct().Count());
        Assert.All(variables, pair => Assert.Equal(environment[pair.Key], pair.Value));
        Assert.Equal(3, values.Count);
        Assert.All(values, pair => Assert.Contains(pair, Container.Concat(Pod)));
    }

    [Fact]
    public void Compose_ComparedWithTheGuides_StartsTheSameEtcd()
    {
        var compose = (YamlMappingNode)Assert.Single(Parse(Repository.Read("samples/docker-compose.yml")));
        var etcd = Map(compose, "services", "etcd");

        Assert.Contains($"\"{Text(etcd, "image")}\"", Repository.Read("docs/testing.md"), StringComparison.Ordinal);
        Assert.Equal("127.0.0.1:2379:2379", Assert.Single(List(etcd, "ports")).ToString());
        Assert.Equal("CMD", List(etcd, "healthcheck", "test")[0].ToString());
        var volume = Assert.Single(List(etcd, "volumes")).ToString().Split(':');
        Assert.Equal(volume[0], Assert.Single(Map(compose, "volumes")).Key.ToString());
        Assert.Contains($"--data-dir={volume[1]}", List(etcd, "command").Select(argument => argument.ToString()));
    }

    [Fact]
    public void Samples_All_AreInTheTable()
    {
        var linked = Markdown.RelativeLinks(Repository.Read("samples/README.md")).Select(link => link.Split('/')[0]);
        var samples = Directory.EnumerateFileSystemEntries(Repository.PathOf("samples")).Select(path => Path.GetFileName(path));

        Assert.Empty(samples.Except(linked).Except(["README.md"]));
    }

    private static IEnumerable<YamlNode> Blocks() => Markdown.Blocks(Guide, "yaml").SelectMany(Parse);

    private static IEnumerable<YamlNode> Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents.Select(document => document.RootNode);
    }

    /// <summary>Names and values of all variables below a node. A variable that refers to the pod's address has an example of it.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Variables(YamlNode node) => node.AllNodes.OfType<YamlMappingNode>()
        .Where(one => one.Children.ContainsKey("name") && (one.Children.ContainsKey("value") || one.Children.ContainsKey("valueFrom")))
        .Select(one => KeyValuePair.Create(
            Text(one, "name"),
            one.Children.ContainsKey("value") ? Text(one, "value")
                : Text(Map(one, "valueFrom", "fieldRef"), "fieldPath").Replace("status.podIP", PodAddress, StringComparison.Ordinal)));

    private static YamlMappingNode Map(YamlNode node, params string[] path) => (YamlMappingNode)path.Aggregate(node, (one, key) => one[key]);

    private static YamlSequenceNode List(YamlNode node, params string[] path) => (YamlSequenceNode)path.Aggregate(node, (one, key) => one[key]);

    private static string Text(YamlNode node, string key) => ((YamlScalarNode)node[key]).Value!;
}
