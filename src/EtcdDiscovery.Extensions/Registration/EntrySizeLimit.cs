using System.Globalization;
using System.Text;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>Limits the size of a registration in the store, because every reader skips a longer one.</summary>
internal static class EntrySizeLimit
{
    // Leaves room for the status Draining.
    private const int Max = ServiceJson.MaxLength - 64;

    // Leaves room for data that is added to the options later: the machine's host name, generated or adopted credentials, a status and its
    // reason.
    private const int MaxOfOptions = Max - (4 * 1024);

    // The part of that room for credentials chosen by other instances. Longer credentials are not adopted.
    private const int MaxOfCredentials = 2 * 1024;

    private const string Why = "since readers skip longer ones";

    /// <summary>Describes why otherwise valid options are too long; null if they are not.</summary>
    public static string? DescribeProblem(ServiceRegistrationOptions options, string section)
    {
        var length = EncodedInstance.From(options, "", Guid.Empty).Value.Length;
        if (length <= MaxOfOptions)
        {
            return null;
        }

        var (setting, part) = PartsOf(options).MaxBy(part => part.Length);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{section}:{setting} has {part} bytes, which makes the registration {length} bytes long: up to {MaxOfOptions} are allowed, {Why}.");
    }

    /// <summary>
    /// Whether credentials of another instance are short enough to adopt. Otherwise they could make this instance unreadable.
    /// </summary>
    public static bool HasRoomFor(ServiceCredentials? theirs, EncodedInstance ours) =>
        ours.With(theirs).Value.Length - ours.With((ServiceCredentials?)null).Value.Length <= MaxOfCredentials;

    /// <exception cref="ArgumentException">The argument makes the registration too long.</exception>
    public static void ThrowIfTooLong(EncodedInstance service, string argument)
    {
        if (Describe(service, Max) is { } problem)
        {
            throw new ArgumentException(problem, argument);
        }
    }

    /// <exception cref="EtcdDiscoveryException">Data written by other processes makes the registration too long.</exception>
    public static void ThrowIfTooLong(EncodedInstance service)
    {
        if (Describe(service, ServiceJson.MaxLength) is { } problem)
        {
            throw new EtcdDiscoveryException(problem);
        }
    }

    private static string? Describe(EncodedInstance service, int max) => service.Value.Length <= max
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"The registration of service '{LogSanitizer.Sanitize(service.Instance.ServiceName)}' would be {service.Value.Length} bytes long "
            + $"with its settings, credentials and status: up to {max} are allowed, {Why}.");

    private static (string Setting, int Length)[] PartsOf(ServiceRegistrationOptions options) =>
    [
        (nameof(options.Name), LengthOf(options.Name)),
        (nameof(options.Hostname), LengthOf(options.Hostname)),
        (nameof(options.PrivateHostname), LengthOf(options.PrivateHostname)),
        (nameof(options.Ports), LengthOf(options.Ports)),
        (nameof(options.PrivatePorts), LengthOf(options.PrivatePorts)),
        (nameof(options.Shard), LengthOf(options.Shard)),
        (nameof(options.User), LengthOf(options.User)),
        (nameof(options.Password), LengthOf(options.Password)),
        (nameof(options.Zone), LengthOf(options.Zone)),
        (nameof(options.Metadata), LengthOf(options.Metadata)),
    ];

    private static int LengthOf(string? text) => Encoding.UTF8.GetByteCount(text ?? "");

    private static int LengthOf(IDictionary<string, string>? entries) =>
        entries?.Sum(entry => LengthOf(entry.Key) + LengthOf(entry.Value)) ?? 0;
}
