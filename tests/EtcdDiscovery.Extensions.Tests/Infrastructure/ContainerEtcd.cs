using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DotNet.Testcontainers.Configurations;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>An etcd in a container, started by Testcontainers.</summary>
internal sealed class ContainerEtcd : IEtcd
{
    /// <summary>The variable with another image to run; eng/docker.sh sets it.</summary>
    public const string ImageVariable = "ETCD_IMAGE";

    private const string ModeVariable = "ETCD_CONTAINERS";

    // Limits the wait for an engine that accepts the connection and never answers.
    private static readonly TimeSpan EngineTimeout = TimeSpan.FromSeconds(5);

    // Includes the time to pull the image.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly EtcdContainer _container;
    private readonly HttpClient _http;

    private ContainerEtcd(EtcdContainer container)
    {
        _container = container;
        _http = new HttpClient { BaseAddress = new Uri(Endpoint) };
    }

    public static string Image =>
        Environment.GetEnvironmentVariable(ImageVariable) is { Length: > 0 } image ? image : "quay.io/coreos/etcd:v3.5.30";

    public string Endpoint => _container.GetConnectionString();

    /// <summary>Whether tests must fail if no container can be started.</summary>
    public static bool IsRequired => Mode == "require";

    // Requires a container with the value "require", and forbids it with "off".
    private static string? Mode => Environment.GetEnvironmentVariable(ModeVariable);

    /// <summary>Returns why no container may or can be started, or null if a Docker engine answers.</summary>
    public static async Task<string?> FindObstacleAsync()
    {
        if (Mode == "off")
        {
            return $"{ModeVariable} is off";
        }

        try
        {
            // Testcontainers looks for the engine in the same places as Docker's client, and blocks meanwhile.
            var engine = await Task.Run(() => TestcontainersSettings.OS.DockerEndpointAuthConfig).WaitAsync(EngineTimeout);
            return engine is null ? "no Docker engine answers" : null;
        }
        catch (TimeoutException)
        {
            return $"the Docker engine did not answer within {EngineTimeout.TotalSeconds} s";
        }
    }

    /// <summary>Creates the error of a test that cannot run without a container.</summary>
    public static InvalidOperationException Missing(string obstacle) => new(
        $"{ModeVariable} requires a container, but {obstacle}. Start an engine, or run eng/docker.sh eng/test.sh --containers.");

    /// <summary>Starts a container. The image is pulled only if the engine does not have it.</summary>
    public static async Task<ContainerEtcd> StartAsync()
    {
        var container = new EtcdBuilder(Image).WithLogger(NullLogger.Instance).Build();
        try
        {
            using var timeout = new CancellationTokenSource(StartTimeout);
            await container.StartAsync(timeout.Token);
            return new ContainerEtcd(container);
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }
    }

    public async Task<JsonNode> PostAsync(string path, JsonObject request, string? token = null)
    {
        using var response = await _http.PostAsJsonAsync(path, request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _container.DisposeAsync();
    }
}
