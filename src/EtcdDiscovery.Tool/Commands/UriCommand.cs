using System.CommandLine;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Prints a URL of a service, for use in other commands.</summary>
internal sealed class UriCommand : Command
{
    private readonly Argument<string> _name = new("NAME") { Description = "The service." };

    private readonly Option<string> _scheme = new("--scheme")
    {
        Description = "The scheme, such as http. Not needed if the instance has one port.",
        HelpName = "SCHEME",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string> _path = new("--path")
    {
        Description = "The path and query, such as /items?page=2.",
        HelpName = "PATH",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string?> _shard = new("--shard") { Description = "Picks an instance of this shard.", HelpName = "SHARD" };

    private readonly Option<bool> _private = new("--private") { Description = "Prints the address within the private network." };

    private readonly Option<bool> _showCredentials = new("--show-credentials") { Description = "Adds user and password to the URL." };

    public UriCommand(SettingsOptions settings)
        : base("uri", "Prints a URL of a service.")
    {
        Arguments.Add(_name);
        Options.Add(_scheme);
        Options.Add(_path);
        Options.Add(_shard);
        Options.Add(_private);
        Options.Add(_showCredentials);
        SetAction((parsed, cancellationToken) => settings.RunAsync(
            parsed,
            async (services, output) =>
            {
                var query = new ServiceQuery
                {
                    Shard = parsed.GetValue(_shard),
                    Network = parsed.GetValue(_private) ? ServiceNetwork.Private : ServiceNetwork.Public,
                };
                var uri = await services.GetRequiredService<IServiceResolver>().GetUriAsync(
                    parsed.GetValue(_name)!,
                    parsed.GetValue(_scheme)!,
                    parsed.GetValue(_path)!,
                    query,
                    parsed.GetValue(_showCredentials),
                    cancellationToken);
                if (output.IsJson)
                {
                    Output.WriteJson(new UriDocument(uri.OriginalString));
                }
                else
                {
                    // In one piece, whatever the width of the terminal.
                    Console.Out.WriteLine(LogSanitizer.SanitizeMessage(uri.OriginalString));
                }

                return ExitCode.Ok;
            },
            cancellationToken));
    }
}
