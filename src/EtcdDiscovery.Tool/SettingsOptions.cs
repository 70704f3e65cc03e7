using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tool;

/// <summary>The options that all commands share, and the host that they configure.</summary>
internal sealed class SettingsOptions
{
    private readonly Option<string[]> _endpoints = new("--endpoints")
    {
        Description = "The endpoints of etcd, separated by commas, such as http://127.0.0.1:2379.",
        HelpName = "URLS",
        Recursive = true,
    };

    private readonly StoreOption _store = new("--store", "The API of etcd: Etcd (v3, the default) or EtcdV2.") { Recursive = true };

    private readonly Option<string?> _keyPrefix = new("--key-prefix")
    {
        Description = "The prefix of every key, such as /fleet-a.",
        HelpName = "PREFIX",
        Recursive = true,
    };

    private readonly Option<string?> _user = new("--user")
    {
        Description = "The user for etcd's authentication.",
        HelpName = "NAME",
        Recursive = true,
    };

    private readonly Option<FileInfo?> _passwordFile = new("--password-file")
    {
        Description = "A file whose first line is the password of that user.",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<FileInfo?> _settings = new("--settings")
    {
        Description = "An appsettings file. Environment variables and options override it.",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<bool> _json = new("--json") { Description = "Writes JSON.", Recursive = true };

    private readonly Option<bool> _verbose = new("--verbose") { Description = "Writes the library's log to standard error.", Recursive = true };

    public void AddTo(Command root)
    {
        foreach (var option in new Option[] { _endpoints, _store, _keyPrefix, _user, _passwordFile, _settings, _json, _verbose })
        {
            root.Options.Add(option);
        }
    }

    public Output CreateOutput(ParseResult parsed) => new(parsed.GetValue(_json));

    /// <summary>Builds a host that does not register the services in its settings. The host is not started.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="logLevel">What is logged to standard error, unless the command line asks for more.</param>
    /// <param name="configure">Changes the settings after all other sources.</param>
    /// <param name="keepsService">Whether the section <c>Service</c> applies. Otherwise, its settings need not be complete.</param>
    public IHost BuildHost(
        ParseResult parsed, LogLevel logLevel = LogLevel.None, Action<EtcdDiscoveryOptions>? configure = null, bool keepsService = false)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        if (parsed.GetValue(_settings) is { } file)
        {
            AddFile(builder.Configuration, file);
        }

        builder.Configuration.AddEnvironmentVariables();
        builder.Logging.SetMinimumLevel(parsed.GetValue(_verbose) ? LogLevel.Information : logLevel).AddFilter("Microsoft", LogLevel.None);
        _ = parsed.GetValue(_json) ? builder.Logging.AddJsonConsole() : builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        var password = parsed.GetValue(_passwordFile) is { } secret ? ReadPassword(secret) : null;
        builder.AddEtcdDiscovery(options =>
        {
            options.Service = keepsService ? options.Service : new();
            Apply(parsed, password, options);
            configure?.Invoke(options);
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<EtcdDiscoveryOptions>>(
            (host, discovery) => host.ShutdownTimeout += discovery.Value.DrainDelay);
        return builder.Build();
    }

    /// <summary>Starts a host for a command, and stops it afterwards.</summary>
    public async Task<int> RunAsync(
        ParseResult parsed,
        Func<IServiceProvider, Output, Task<int>> workAsync,
        CancellationToken cancellationToken,
        LogLevel logLevel = LogLevel.None)
    {
        using var host = BuildHost(parsed, logLevel);
        await host.StartAsync(cancellationToken);
        try
        {
            return await workAsync(host.Services, CreateOutput(parsed));
        }
        finally
        {
            await host.StopAsync(CancellationToken.None);
        }
    }

    public static string[] SplitEndpoints(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private void Apply(ParseResult parsed, string? password, EtcdDiscoveryOptions options)
    {
        // The settings may be an application's.
        options.Enabled = true;
        options.RegisterService = false;
        options.RequireRegistration = false;
        options.SnapshotDirectory = null;
        if (parsed.GetValue(_endpoints) is { Length: > 0 } endpoints)
        {
            options.Etcd.Endpoints = [.. endpoints.SelectMany(SplitEndpoints)];
        }

        options.Store = parsed.GetValue(_store) ?? options.Store;
        options.KeyPrefix = parsed.GetValue(_keyPrefix) ?? options.KeyPrefix;
        options.Etcd.User = parsed.GetValue(_user) ?? options.Etcd.User;
        options.Etcd.Password = password ?? options.Etcd.Password;
        if (options.Store == DiscoveryStoreKind.InMemory)
        {
            throw new UsageException("EtcdDiscovery:Store is 'InMemory', which other processes cannot see: pass --store Etcd or --store EtcdV2.");
        }
    }

    private static void AddFile(ConfigurationManager configuration, FileInfo file)
    {
        try
        {
            configuration.AddJsonFile(file.FullName, optional: false, reloadOnChange: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new UsageException($"--settings is '{file}', which cannot be read: {(e.InnerException ?? e).Message}");
        }
    }

    private static string ReadPassword(FileInfo file)
    {
        try
        {
            return File.ReadLines(file.FullName).FirstOrDefault()
                ?? throw new UsageException($"--password-file is '{file}', which is empty: write the password on its first line.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--password-file is '{file}', which cannot be read: {e.Message}");
        }
    }

    /// <summary>The program handles signals itself.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
