using EtcdDiscovery.Registration;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Hosting;

/// <summary>Validates the options of services that were added with <c>AddService</c>.</summary>
internal sealed class AdditionalServiceValidator : IValidateOptions<ServiceRegistrationOptions>
{
    public ValidateOptionsResult Validate(string? name, ServiceRegistrationOptions options)
    {
        var problems = RegistrationOptionsRules.Check(options, name ?? "", nameRequired: true);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
