using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Registration;

/// <summary>Validates the options of a registration. Each problem names the setting, its value and the allowed values.</summary>
internal static class RegistrationOptionsRules
{
    private const int MaxWeight = 1_000_000;

    /// <exception cref="OptionsValidationException">Some options are invalid; the message lists all of them.</exception>
    public static void ThrowIfInvalid(ServiceRegistrationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        const string name = nameof(ServiceRegistrationOptions);
        var problems = Check(options, name, nameRequired: true);
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(name, typeof(ServiceRegistrationOptions), problems);
        }
    }

    public static IReadOnlyList<string> Check(ServiceRegistrationOptions options, string section, bool nameRequired)
    {
        var problems = new SettingsProblems(options.Malformed);
        CheckName(options, section, nameRequired, problems);
        CheckHost($"{section}:{nameof(options.Hostname)}", options.Hostname, problems);
        CheckHost($"{section}:{nameof(options.PrivateHostname)}", options.PrivateHostname, problems);
        CheckPorts($"{section}:{nameof(options.Ports)}", options.Ports, problems);
        CheckPorts($"{section}:{nameof(options.PrivatePorts)}", options.PrivatePorts, problems);
        CheckCount($"{section}:{nameof(options.Ports)}", options.Ports, problems);
        CheckCount($"{section}:{nameof(options.PrivatePorts)}", options.PrivatePorts, problems);
        CheckCount($"{section}:{nameof(options.Metadata)}", options.Metadata, problems);
        problems.CheckChoice($"{section}:{nameof(options.CredentialPolicy)}", options.CredentialPolicy);
        problems.Check(
            $"{section}:{nameof(options.Weight)}",
            options.Weight.ToString(CultureInfo.InvariantCulture),
            options.Weight is > 0 and <= MaxWeight,
            $"expected a number above 0 and up to {MaxWeight}");
        problems.Check(
            $"{section}:{nameof(options.InitialStatus)}",
            $"{options.InitialStatus}",
            options.InitialStatus is ServiceStatus.Serving or ServiceStatus.Maintenance,
            $"expected {nameof(ServiceStatus.Serving)} or {nameof(ServiceStatus.Maintenance)}");
        if (!string.IsNullOrEmpty(options.Password) && string.IsNullOrEmpty(options.User))
        {
            problems.Add(
                $"{section}:{nameof(options.User)} is not set, but {nameof(options.Password)} is: "
                + "callers drop a password without a user. Set both or neither.");
        }

        if (BasicAuthentication.DescribeBadUser(options.User) is { } badUser)
        {
            problems.Add($"{section}:{nameof(options.User)} {badUser}");
        }

        if (problems.IsEmpty && options.Name is not null && EntrySizeLimit.DescribeProblem(options, section) is { } problem)
        {
            problems.Add(problem);
        }

        return problems.ToList();
    }

    private static void CheckName(
        ServiceRegistrationOptions options, string section, bool nameRequired, SettingsProblems problems)
    {
        if (options.Name is null && !nameRequired)
        {
            if (HasAnySetting(options))
            {
                problems.Add($"{section}:{nameof(options.Name)} is not set, but other settings of the service are: "
                    + "set the service's name, or remove the section if the application only consumes services.");
            }

            return;
        }

        if (ServiceKeys.DescribeBadServiceName(options.Name) is { } reason)
        {
            problems.Add(
                $"{section}:{nameof(options.Name)} is '{LogSanitizer.Sanitize(options.Name ?? "")}', which {reason}: "
                + "a name is text without control characters; '/' is allowed between segments, but segments that are empty, '.' or '..' are not.");
        }
    }

    private static bool HasAnySetting(ServiceRegistrationOptions options) =>
        options.Public || options.Critical || options.GenerateCredentials
        || options.Ports is { Count: > 0 } || options.PrivatePorts is { Count: > 0 } || options.Metadata is { Count: > 0 }
        || new[] { options.Hostname, options.PrivateHostname, options.Shard, options.User, options.Password, options.Zone }
            .Any(text => !string.IsNullOrEmpty(text));

    private static void CheckHost(string setting, string? host, SettingsProblems problems)
    {
        if (!string.IsNullOrEmpty(host) && ServiceUriBuilder.DescribeBadHost(host) is { } reason)
        {
            problems.Add($"{setting} is '{LogSanitizer.Sanitize(host)}', which {reason}: expected a host name or IP address, "
                + "without scheme, port or path.");
        }
    }

    private static void CheckCount(string setting, IDictionary<string, string>? entries, SettingsProblems problems)
    {
        if (entries?.Count > MapConverter.MaxEntries)
        {
            problems.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{setting} has {entries.Count} entries: up to {MapConverter.MaxEntries} are allowed, since readers skip an entry with more."));
        }
    }

    private static void CheckPorts(string setting, IDictionary<string, string>? ports, SettingsProblems problems)
    {
        foreach (var (scheme, port) in ports ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            if (!ServiceUriBuilder.IsPort(port ?? ""))
            {
                problems.Add($"{setting}:{LogSanitizer.Sanitize(scheme)} is '{LogSanitizer.Sanitize(port ?? "")}': "
                    + "expected a number from 1 to 65535.");
            }
        }
    }
}
