using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Transport;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Hosting;

/// <summary>Validates all settings at once. Each problem names the setting, its value and the allowed values.</summary>
internal sealed class EtcdDiscoveryOptionsValidator : IValidateOptions<EtcdDiscoveryOptions>
{
    private const string Section = EtcdDiscoveryOptions.SectionName;

    public ValidateOptionsResult Validate(string? name, EtcdDiscoveryOptions options)
    {
        var problems = new SettingsProblems(options.Malformed);
        CheckTimes(options, problems);
        problems.CheckChoice($"{Section}:{nameof(options.Store)}", options.Store);
        problems.CheckChoice($"{Section}:{nameof(options.Balancing)}", options.Balancing);
        CheckEtcd(options, problems);
        CheckKeyPrefix(options.KeyPrefix, problems);
        problems.AddRange(RegistrationOptionsRules.Check(options.Service, $"{Section}:{nameof(options.Service)}", nameRequired: false));
        return problems.IsEmpty ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems.ToList());
    }

    private static void CheckTimes(EtcdDiscoveryOptions options, SettingsProblems problems)
    {
        const string retryDelay = $"{Section}:{nameof(options.RetryDelay)}";
        const string maxRetryDelay = $"{Section}:{nameof(options.MaxRetryDelay)}";
        problems.CheckTime($"{Section}:{nameof(options.TimeToLive)}", options.TimeToLive, Seconds(1), TimeSpan.FromHours(1));
        problems.CheckTime(maxRetryDelay, options.MaxRetryDelay, Seconds(0.01), TimeSpan.FromMinutes(5));
        problems.CheckTime($"{Section}:{nameof(options.RegistrationTimeout)}", options.RegistrationTimeout, Seconds(0.1), TimeSpan.FromHours(12));
        problems.CheckTime(retryDelay, options.RetryDelay, Seconds(0.01), TimeSpan.FromMinutes(5));
        problems.CheckTime($"{Section}:{nameof(options.DrainDelay)}", options.DrainDelay, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        problems.CheckTime($"{Section}:{nameof(options.OutageGrace)}", options.OutageGrace ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromHours(1));
        problems.CheckTimeOrZero($"{Section}:{nameof(options.CacheIdleTimeout)}", options.CacheIdleTimeout, Seconds(1), TimeSpan.FromDays(1));
        problems.CheckTimeOrZero($"{Section}:{nameof(options.RefreshInterval)}", options.RefreshInterval, Seconds(1), TimeSpan.FromDays(1));
        // A malformed value is replaced by its default, which must not be compared with the other setting.
        if (options.RetryDelay > options.MaxRetryDelay && !problems.IsMalformed(retryDelay) && !problems.IsMalformed(maxRetryDelay))
        {
            problems.Add($"{retryDelay} is '{options.RetryDelay}': "
                + $"expected at most {nameof(options.MaxRetryDelay)}, '{options.MaxRetryDelay}'.");
        }
    }

    private static void CheckEtcd(EtcdDiscoveryOptions options, SettingsProblems problems)
    {
        const string etcd = $"{Section}:{nameof(options.Etcd)}";
        problems.CheckTime($"{etcd}:{nameof(EtcdOptions.ConnectTimeout)}", options.Etcd.ConnectTimeout, Seconds(0.1), TimeSpan.FromMinutes(1));
        problems.CheckTime($"{etcd}:{nameof(EtcdOptions.RequestTimeout)}", options.Etcd.RequestTimeout, Seconds(0.1), TimeSpan.FromMinutes(5));
        problems.AddRange(EtcdAccessRules.Check(options.Etcd, etcd));
        if (options.Store == DiscoveryStoreKind.EtcdV2 && BasicAuthentication.DescribeBadUser(options.Etcd.User) is { } badUser)
        {
            problems.Add($"{etcd}:{nameof(EtcdOptions.User)} {badUser}");
        }

        for (var i = 0; i < options.Etcd.Endpoints.Count; i++)
        {
            if (!EtcdAddress.TryParse(options.Etcd.Endpoints[i], out _))
            {
                problems.Add($"{etcd}:{nameof(EtcdOptions.Endpoints)}:{i} (or the connection string, ETCD_HOSTS, ETCD_HOST) is "
                    + $"'{EtcdAddress.Display(options.Etcd.Endpoints[i])}': expected an address such as http://etcd-1:2379, "
                    + "without user, path or query.");
            }
        }
    }

    private static void CheckKeyPrefix(string? prefix, SettingsProblems problems)
    {
        if (!string.IsNullOrEmpty(prefix)
            && (prefix[0] != '/' ? "does not start with '/'" : ServiceKeys.DescribeBadServiceName(prefix[1..])) is { } reason)
        {
            problems.Add($"{Section}:{nameof(EtcdDiscoveryOptions.KeyPrefix)} is '{LogSanitizer.Sanitize(prefix)}', which {reason}: "
                + "expected a prefix such as /fleet-a, without a '/' at its end.");
        }
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
