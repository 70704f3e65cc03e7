using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;

namespace EtcdDiscovery.Wire;

/// <summary>
/// Encodes and decodes values in the store. Writes the same bytes as Go's etcd-discovery v8, and reads more leniently than Go.
/// </summary>
internal static class ServiceJson
{
    /// <summary>The maximum length, in bytes, of a value that is read. Typical values have a few hundred bytes.</summary>
    public const int MaxLength = 64 * 1024;

    private static readonly string TooManyPorts = string.Create(CultureInfo.InvariantCulture, $"more than {MapConverter.MaxEntries} ports");

    public static byte[] Encode(ServiceInstance instance)
    {
        var document = new InstanceDocument
        {
            Name = instance.Hostname,
            ServiceName = instance.ServiceName,
            Ports = instance.Ports,
            User = NullIfEmpty(instance.Credentials?.User),
            Password = NullIfEmpty(instance.Credentials?.Password),
            Public = instance.Public ? true : null,
            PrivateHostname = instance.PrivateHostname,
            PrivatePorts = NullIfEmpty(instance.PrivatePorts),
            Critical = instance.Critical ? true : null,
            Shard = instance.Shard,
            Uuid = instance.Id,
            Status = WireStatus.Write(instance),
            StatusReason = instance.StatusReason,
            Weight = instance.Weight is 1 ? null : instance.Weight,
            Zone = instance.Zone,
            Metadata = NullIfEmpty(instance.Metadata),
        };
        return JsonSerializer.SerializeToUtf8Bytes(document, WireJsonContext.Go.InstanceDocument);
    }

    public static byte[] Encode(ServiceInfo info)
    {
        var document = new InfoDocument
        {
            Name = info.Name,
            Critical = info.Critical,
            Hostname = info.Hostname,
            User = NullIfEmpty(info.Credentials?.User),
            Password = NullIfEmpty(info.Credentials?.Password),
            Ports = NullIfEmpty(info.Ports),
            Public = info.Public ? true : null,
        };
        return JsonSerializer.SerializeToUtf8Bytes(document, WireJsonContext.Go.InfoDocument);
    }

    /// <summary>
    /// Decodes an instance. The id and service name come from the key, because the value could contain those of another instance.
    /// </summary>
    /// <remarks>With <paramref name="shared"/>, equal values of several instances become one object.</remarks>
    /// <returns>False if the value is unreadable or has no host name; <paramref name="fault"/> says why.</returns>
    public static bool TryDecode(
        string serviceName,
        string id,
        ReadOnlyMemory<byte> value,
        [NotNullWhen(true)] out ServiceInstance? instance,
        [NotNullWhen(false)] out string? fault,
        SharedValues? shared = null)
    {
        instance = null;
        if (!ServiceKeys.IsReadable(id))
        {
            fault = "a key that is not UTF-8";
            return false;
        }

        if (!TryParse(value.Span, WireJsonContext.Go.InstanceDocument, out var document, out fault))
        {
            return false;
        }

        if (HasTooMany(document.Ports) || HasTooMany(document.PrivatePorts))
        {
            fault = TooManyPorts;
            return false;
        }

        if (string.IsNullOrEmpty(document.Name) && string.IsNullOrEmpty(document.PrivateHostname))
        {
            fault = "no host name";
            return false;
        }

        shared ??= new SharedValues();
        instance = new ServiceInstance
        {
            Id = id,
            ServiceName = serviceName,
            Hostname = document.Name ?? "",
            Ports = shared.Share(MapOf(document.Ports)),
            Credentials = shared.Share(CredentialsOf(document.User, document.Password)),
            Public = document.Public ?? false,
            PrivateHostname = document.PrivateHostname,
            PrivatePorts = shared.Share(MapOf(document.PrivatePorts)),
            Critical = document.Critical ?? false,
            Shard = shared.Share(document.Shard),
            Status = WireStatus.Read(document.Status),
            UnknownStatus = WireStatus.Read(document.Status) == ServiceStatus.Unknown ? document.Status : null,
            StatusReason = document.StatusReason,
            Weight = document.Weight is > 0 and < double.PositiveInfinity ? document.Weight.Value : 1,
            Zone = shared.Share(document.Zone),
            // Go ignores metadata, so an instance with too many metadata entries must stay readable.
            Metadata = HasTooMany(document.Metadata) ? null : shared.Share(MapOf(document.Metadata)),
        };
        return true;
    }

    /// <summary>Decodes a description. The service name comes from the key.</summary>
    /// <returns>False if the value is unreadable; <paramref name="fault"/> says why.</returns>
    public static bool TryDecode(
        string serviceName,
        ReadOnlyMemory<byte> value,
        [NotNullWhen(true)] out ServiceInfo? info,
        [NotNullWhen(false)] out string? fault)
    {
        info = null;
        if (!TryParse(value.Span, WireJsonContext.Go.InfoDocument, out var document, out fault))
        {
            return false;
        }

        if (HasTooMany(document.Ports))
        {
            fault = TooManyPorts;
            return false;
        }

        info = new ServiceInfo
        {
            Name = serviceName,
            Critical = document.Critical ?? false,
            Hostname = document.Hostname,
            Credentials = CredentialsOf(document.User, document.Password),
            Ports = MapOf(document.Ports),
            Public = document.Public ?? false,
        };
        return true;
    }

    private static bool TryParse<T>(
        ReadOnlySpan<byte> json,
        JsonTypeInfo<T> type,
        [NotNullWhen(true)] out T? document,
        [NotNullWhen(false)] out string? fault)
        where T : class
    {
        document = null;
        if (json.Length > MaxLength)
        {
            fault = string.Create(CultureInfo.InvariantCulture, $"longer than {MaxLength} bytes");
            return false;
        }

        var text = json.StartsWith("\uFEFF"u8) ? json[3..] : json;
        try
        {
            document = JsonSerializer.Deserialize(Repair(text), type);
            fault = document is null ? "null" : null;
        }
        catch (JsonException error)
        {
            fault = FaultOf(error);
        }

        return fault is null;
    }

    // Omits the exception's message, which may quote the value, and with it a password.
    private static string FaultOf(JsonException error) =>
        string.Create(CultureInfo.InvariantCulture, $"unexpected JSON at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}");

    // As in Go, invalid UTF-8 and escaped lone surrogates become replacement characters.
    private static ReadOnlySpan<byte> Repair(ReadOnlySpan<byte> text)
    {
        var valid = Utf8.IsValid(text) ? text : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text));
        return valid.IndexOf("\\ud"u8) >= 0 || valid.IndexOf("\\uD"u8) >= 0 ? SurrogateEscapes.Repair(valid) : valid;
    }

    private static bool HasTooMany(IReadOnlyDictionary<string, string>? map) => map is { Count: > MapConverter.MaxEntries };

    private static ServiceMap? MapOf(IReadOnlyDictionary<string, string>? map) => map switch
    {
        null => null,
        { Count: 0 } => ServiceMap.Empty,
        _ => new(map),
    };

    private static ServiceCredentials? CredentialsOf(string? user, string? password) =>
        string.IsNullOrEmpty(user) && string.IsNullOrEmpty(password) ? null : new(user ?? "", password ?? "");

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static ServiceMap? NullIfEmpty(ServiceMap? map) => map is { Count: > 0 } ? map : null;
}
