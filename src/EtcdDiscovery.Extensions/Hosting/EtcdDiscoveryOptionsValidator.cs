using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Transport;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Hosting;

/// <summary>Checks all settings at once. Every problem names the setting, its value and what is allowed.</summary>
internal sealed class EtcdDiscoveryOptionsValidator : IValidateOptions<EtcdDiscoveryOptions>
{
    private const string Section = EtcdDiscoveryOptions.SectionName;

    public ValidateOptionsResult Validate(string? name, EtcdDiscoveryOptions options)
    {
        var problems = new List<string>();
        CheckTimes(options, problems);
        RegistrationOptionsRules.CheckChoice($"{Section}:{nameof(options.Store)}", options.Store, problems);
        RegistrationOptionsRules.CheckChoice($"{Section}:{nameof(options.Balancing)}", options.Balancing, problems);
        CheckEtcd(options, problems);
        CheckKeyPrefix(options.KeyPrefix, problems);
        problems.AddRange(RegistrationOptionsRules.Check(options.Service, $"{Section}:{nameof(options.Service)}", nameRequired: false));
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckTimes(EtcdDiscoveryOptions options, List<string> problems)
    {
        CheckTime(nameof(options.TimeToLive), options.TimeToLive, Seconds(1), TimeSpan.FromHours(1), problems);
        CheckTime(nameof(options.MaxRetryDelay), options.MaxRetryDelay, Seconds(0.01), TimeSpan.FromMinutes(5), problems);
        CheckTime(nameof(options.RegistrationTimeout), options.RegistrationTimeout, Seconds(0.1), TimeSpan.FromHours(12), problems);
        CheckTime(nameof(options.RetryDelay), options.RetryDelay, Seconds(0.01), TimeSpan.FromMinutes(5), problems);
        CheckTime(nameof(options.DrainDelay), options.DrainDelay, TimeSpan.Zero, TimeSpan.FromMinutes(10), problems);
        CheckTime(nameof(options.OutageGrace), options.OutageGrace ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromHours(1), problems);
        CheckTimeOrZero(nameof(options.CacheIdleTimeout), options.CacheIdleTimeout, Seconds(1), TimeSpan.FromDays(1), problems);
        CheckTimeOrZero(nameof(options.RefreshInterval), options.RefreshInterval, Seconds(1), TimeSpan.FromDays(1), problems);
        if (options.RetryDelay > options.MaxRetryDelay)
        {
            problems.Add($"{Section}:{nameof(options.RetryDelay)} is '{options.RetryDelay}': "
                + $"at most {nameof(options.MaxRetryDelay)}, '{options.MaxRetryDelay}', is allowed.");
        }
    }

    private static void CheckEtcd(EtcdDiscoveryOptions options, List<string> problems)
    {
        const string etcd = nameof(options.Etcd);
        CheckTime($"{etcd}:{nameof(EtcdOptions.ConnectTimeout)}", options.Etcd.ConnectTimeout, Seconds(0.1), TimeSpan.FromMinutes(1), problems);
        CheckTime($"{etcd}:{nameof(EtcdOptions.RequestTimeout)}", options.Etcd.RequestTimeout, Seconds(0.1), TimeSpan.FromMinutes(5), problems);
        problems.AddRange(EtcdAccessRules.Check(options.Etcd, $"{Section}:{etcd}"));
        for (var i = 0; i < options.Etcd.Endpoints.Count; i++)
        {
            if (!EtcdAddress.TryParse(options.Etcd.Endpoints[i], out _))
            {
                problems.Add($"{Section}:{etcd}:{nameof(EtcdOptions.Endpoints)}:{i} (or ETCD_HOSTS, ETCD_HOST) is "
                    + $"'{EtcdAddress.Display(options.Etcd.Endpoints[i])}': an address such as http://etcd-1:2379 is allowed, "
                    + "without user, path or query.");
            }
        }
    }

    private static void CheckKeyPrefix(string? prefix, List<string> problems)
    {
        if (!string.IsNullOrEmpty(prefix)
            && (prefix[0] != '/' ? "does not start with '/'" : ServiceKeys.DescribeBadServiceName(prefix[1..])) is { } reason)
        {
            problems.Add($"{Section}:{nameof(EtcdDiscoveryOptions.KeyPrefix)} is '{LogSanitizer.Sanitize(prefix)}', which {reason}: "
                + "a prefix such as /fleet-a is allowed, without '/' at its end.");
        }
    }

    private static void CheckTime(
        string setting, TimeSpan value, TimeSpan smallest, TimeSpan largest, List<string> problems)
    {
        if (value < smallest || value > largest)
        {
            problems.Add($"{Section}:{setting} is '{value}': a time from {smallest} to {largest} is allowed "
                + "(5 seconds are written 00:00:05; a number alone counts days).");
        }
    }

    private static void CheckTimeOrZero(
        string setting, TimeSpan value, TimeSpan smallest, TimeSpan largest, List<string> problems)
    {
        if (value != TimeSpan.Zero)
        {
            CheckTime(setting, value, smallest, largest, problems);
        }
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
