using System.CommandLine;
using System.Globalization;
using System.Threading.Channels;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace EtcdDiscovery.Tool.Commands;

/// <summary>Prints a line for each change of the instances of one service, or of all services.</summary>
internal sealed class WatchCommand : Command
{
    private static readonly TimeSpan NewServicesInterval = TimeSpan.FromSeconds(2);

    private readonly Argument<string?> _name = new("NAME")
    {
        Description = "The service. Without it, all services that have a description.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public WatchCommand(SettingsOptions settings)
        : base("watch", "Prints the present instances, then each change, until it is interrupted.")
    {
        Arguments.Add(_name);
        SetAction((parsed, cancellationToken) => settings.RunAsync(
            parsed,
            (services, output) => WatchAsync(services, parsed.GetValue(_name), output, cancellationToken),
            cancellationToken,
            LogLevel.Warning));
    }

    private static async Task<int> WatchAsync(IServiceProvider services, string? name, Output output, CancellationToken cancellationToken)
    {
        var resolver = services.GetRequiredService<IServiceResolver>();
        var directory = services.GetRequiredService<IServiceDirectory>();
        // Fails at once if etcd is unreachable or refuses.
        IReadOnlyList<string> names = name is null ? await directory.GetServiceNamesAsync(cancellationToken) : [name];
        if (name is not null && !(await resolver.GetSnapshotAsync(name, cancellationToken: cancellationToken)).Exists)
        {
            Output.WriteNote($"Service '{name}' does not exist yet.");
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changes = Channel.CreateBounded<ServiceChange>(1);
        var followers = FollowAllAsync(names, changes.Writer, resolver, name is null ? directory : null, ending.Token);
        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken))
            {
                Write(change, output);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // An interruption is the only way to end it.
        }
        finally
        {
            await ending.CancelAsync();
            await followers;
        }

        return ExitCode.Ok;
    }

    private static async Task FollowAllAsync(
        IReadOnlyList<string> names,
        ChannelWriter<ServiceChange> changes,
        IServiceResolver resolver,
        IServiceDirectory? directory,
        CancellationToken cancellationToken)
    {
        var followers = new Dictionary<string, Task>(StringComparer.Ordinal);
        try
        {
            while (true)
            {
                foreach (var name in names.Where(name => !followers.ContainsKey(name)))
                {
                    followers.Add(name, FollowAsync(name, changes, resolver, cancellationToken));
                }

                await Task.Delay(directory is null ? Timeout.InfiniteTimeSpan : NewServicesInterval, TimeProvider.System, cancellationToken);
                names = await FindNamesAsync(directory!, cancellationToken);
            }
        }
        catch (Exception error)
        {
            changes.TryComplete(error);
        }

        await Task.WhenAll(followers.Values);
    }

    private static async Task<IReadOnlyList<string>> FindNamesAsync(IServiceDirectory directory, CancellationToken cancellationToken)
    {
        try
        {
            return await directory.GetServiceNamesAsync(cancellationToken);
        }
        catch (EtcdDiscoveryException)
        {
            // The watches of the known services go on, and log why.
            return [];
        }
    }

    private static async Task FollowAsync(
        string name, ChannelWriter<ServiceChange> changes, IServiceResolver resolver, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var update in resolver.WatchAsync(name, cancellationToken))
            {
                foreach (var change in update.Changes)
                {
                    await changes.WriteAsync(change, cancellationToken);
                }
            }
        }
        catch (Exception error)
        {
            changes.TryComplete(error);
        }
    }

    private static void Write(ServiceChange change, Output output)
    {
        var kind = Output.NameOf(change.Kind);
        var reason = change.DownReason is { } downReason ? Output.NameOf(downReason) : null;
        var instance = change.Instance;
        if (output.IsJson)
        {
            Output.WriteJsonLine(new ChangeDocument(TimeProvider.System.GetUtcNow().UtcDateTime, kind, reason, InstanceDocument.From(instance)));
            return;
        }

        var time = TimeProvider.System.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        string?[] words =
        [
            time, $"{kind,-7}", instance.ServiceName, instance.Id, InstanceDocument.HostOf(instance), InstanceDocument.PortsOf(instance),
            reason is null ? null : $"({reason})", instance.StatusReason,
        ];
        var color = change.Kind switch
        {
            ServiceChangeKind.Up => Color.Green,
            ServiceChangeKind.Down => Color.Red,
            _ => Color.Yellow,
        };
        output.WriteLine(string.Join(' ', words.Where(word => !string.IsNullOrEmpty(word)).Select(word => LogSanitizer.Sanitize(word!))), color);
    }
}
