namespace EtcdDiscovery.Tool.Doctor;

/// <summary>How severe a finding is.</summary>
internal enum Severity
{
    Ok,
    Warning,
    Problem,
}

/// <summary>The result of one check.</summary>
/// <param name="Severity">How severe it is.</param>
/// <param name="Check">What was checked, such as <c>leader</c>; stable.</param>
/// <param name="Subject">The endpoint, prefix or key that was checked.</param>
/// <param name="Message">What was found.</param>
/// <param name="Fix">What to do about it; null if nothing has to be done.</param>
internal sealed record Finding(Severity Severity, string Check, string Subject, string Message, string? Fix = null)
{
    public static Finding Ok(string check, string subject, string message) => new(Severity.Ok, check, subject, message);

    public static Finding Warning(string check, string subject, string message, string fix) => new(Severity.Warning, check, subject, message, fix);

    public static Finding Problem(string check, string subject, string message, string fix) => new(Severity.Problem, check, subject, message, fix);
}
