using System.Globalization;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Validates the settings of <c>RegisterWhenHealthy()</c>.</summary>
/// <remarks>Runs when the main options are validated, so that one exception lists all problems.</remarks>
internal sealed class ReadinessRules(IOptions<ReadinessOptions> readiness) : IValidateOptions<EtcdDiscoveryOptions>
{
    private const string Section = ReadinessOptions.SectionName;

    public ValidateOptionsResult Validate(string? name, EtcdDiscoveryOptions options)
    {
        var (value, problems) = (readiness.Value, new SettingsProblems(readiness.Value.Malformed));
        problems.CheckTime($"{Section}:{nameof(value.Period)}", value.Period, TimeSpan.FromSeconds(0.1), TimeSpan.FromMinutes(5));
        CheckCount(nameof(value.FailuresToLeave), value.FailuresToLeave, problems);
        CheckCount(nameof(value.SuccessesToReturn), value.SuccessesToReturn, problems);
        return problems.IsEmpty ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems.ToList());
    }

    private static void CheckCount(string setting, int count, SettingsProblems problems) => problems.Check(
        $"{Section}:{setting}", count.ToString(CultureInfo.InvariantCulture), count > 0, "a whole number above 0 is allowed");
}
