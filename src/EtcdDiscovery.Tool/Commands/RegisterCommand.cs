using System.CommandLine;
using EtcdDiscovery.Tool.Registering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Registers a process that does not register itself.</summary>
internal sealed class RegisterCommand : Command
{
    private readonly Argument<string> _name = new("NAME") { Description = "The service." };

    private readonly Argument<string[]> _command = new("COMMAND")
    {
        Description = "The command to run, after '--'. Without one, the service is registered until this process is interrupted.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _ports = Repeated("--port", "A scheme and its port, such as http=8080. Repeat the option for each port.", "SCHEME=PORT");

    private readonly Option<string[]> _privatePorts = Repeated(
        "--private-port", "A port in the private network, if it differs.", "SCHEME=PORT");

    private readonly Option<string[]> _metadata = Repeated("--metadata", "Custom data for callers, such as version=1.4.", "KEY=VALUE");

    private readonly Option<string?> _hostname = new("--hostname")
    {
        Description = "The host name or IP address for callers. Defaults to the host name of the machine.",
        HelpName = "HOST",
    };

    private readonly Option<string?> _privateHostname = new("--private-hostname")
    {
        Description = "The host name or IP address within the private network.",
        HelpName = "HOST",
    };

    private readonly Option<bool> _public = new("--public") { Description = "Publishes the service under one host name, --hostname." };

    private readonly Option<bool> _critical = new("--critical") { Description = "Marks the service as critical for its callers." };

    private readonly Option<string?> _shard = new("--shard") { Description = "The shard that this instance serves.", HelpName = "SHARD" };

    private readonly Option<string?> _zone = new("--zone") { Description = "The zone that this instance runs in.", HelpName = "ZONE" };

    private readonly Option<double?> _weight = new("--weight") { Description = "The share of requests, relative to other instances.", HelpName = "NUMBER" };

    private readonly Option<bool> _maintenance = new("--maintenance") { Description = "Registers the service in maintenance, until SIGUSR2." };

    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Registers the service without waiting until the ports accept connections." };

    private readonly Option<double> _stopTimeout = new("--stop-timeout")
    {
        Description = "How long the command may take to stop before it is killed.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 30,
    };

    private readonly SettingsOptions _settings;

    public RegisterCommand(SettingsOptions settings)
        : base("register", "Registers a service while a command runs, or until interrupted.")
    {
        _settings = settings;
        Arguments.Add(_name);
        Arguments.Add(_command);
        Option[] options =
        [
            _ports, _hostname, _privatePorts, _privateHostname, _public, _critical, _shard, _zone, _weight, _metadata, _maintenance, _noWait, _stopTimeout,
        ];
        foreach (var option in options)
        {
            Options.Add(option);
        }

        SetAction(RegisterAsync);
    }

    private async Task<int> RegisterAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        using var host = _settings.BuildHost(parsed, LogLevel.Warning, options => Apply(parsed, options.Service), keepsService: true);
        // Reports wrong settings before the command is started.
        var service = host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value.Service;
        var process = new RegisteredProcess(host, service, _settings.CreateOutput(parsed).IsJson);
        if (parsed.GetValue(_command) is { Length: > 0 } command)
        {
            return await process.RunAsync(
                command, !parsed.GetValue(_noWait), TimeSpan.FromSeconds(parsed.GetValue(_stopTimeout)), cancellationToken);
        }

        await process.RunAsync(cancellationToken);
        return ExitCode.Ok;
    }

    /// <summary>Options override the section Service of the settings.</summary>
    private void Apply(ParseResult parsed, ServiceRegistrationOptions service)
    {
        service.Name = parsed.GetValue(_name);
        service.Ports = Map(_ports, parsed) ?? service.Ports;
        service.PrivatePorts = Map(_privatePorts, parsed) ?? service.PrivatePorts;
        service.Metadata = Map(_metadata, parsed) ?? service.Metadata;
        service.Hostname = parsed.GetValue(_hostname) ?? service.Hostname;
        service.PrivateHostname = parsed.GetValue(_privateHostname) ?? service.PrivateHostname;
        service.Public |= parsed.GetValue(_public);
        service.Critical |= parsed.GetValue(_critical);
        service.Shard = parsed.GetValue(_shard) ?? service.Shard;
        service.Zone = parsed.GetValue(_zone) ?? service.Zone;
        service.Weight = parsed.GetValue(_weight) ?? service.Weight;
        service.InitialStatus = parsed.GetValue(_maintenance) ? ServiceStatus.Maintenance : service.InitialStatus;
        if (service.Ports is not { Count: > 0 } && service.PrivatePorts is not { Count: > 0 })
        {
            throw new UsageException("No port is specified, so clients could not call the service: add a port, such as --port http=8080.");
        }
    }

    private static Dictionary<string, string>? Map(Option<string[]> option, ParseResult parsed)
    {
        if (parsed.GetValue(option) is not { Length: > 0 } texts)
        {
            return null;
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            var split = text.Split('=', 2);
            if (split.Length < 2 || split[0].Length == 0)
            {
                throw new UsageException($"{option.Name} is '{text}': expected {option.HelpName}.");
            }

            if (!map.TryAdd(split[0], split[1]))
            {
                throw new UsageException($"{option.Name} is specified twice for '{split[0]}': specify it once.");
            }
        }

        return map;
    }

    private static Option<string[]> Repeated(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName };
}
