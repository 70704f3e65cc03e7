using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>
/// A folder with one file a service: a line with the SHA-256 of what follows, then a <see cref="SnapshotDocument"/>. The
/// files hold credentials and are their owner's only.
/// </summary>
internal sealed partial class SnapshotDirectory(string path, ILogger logger)
{
    private const UnixFileMode OwnersFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private bool _isFailing;

    /// <summary>Saves a snapshot in place of the one before.</summary>
    /// <returns>Whether it is saved.</returns>
    public bool TrySave(string service, SavedSnapshot saved)
    {
        try
        {
            CreateFolder();
            var file = FileOf(service);
            var unfinished = $"{file}.{Environment.ProcessId}";
            Write(unfinished, Encode(service, saved));
            File.Move(unfinished, file, overwrite: true);
            _isFailing = false;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_isFailing)
            {
                Log.NotSaved(logger, e.Message);
            }

            _isFailing = true;
            return false;
        }
    }

    /// <summary>Whether there is a file of a service.</summary>
    public bool Holds(string service) => File.Exists(FileOf(service));

    /// <summary>The snapshot that was saved last; null when there is none, or none that can be read.</summary>
    public SavedSnapshot? Load(string service)
    {
        var file = FileOf(service);
        try
        {
            return File.Exists(file) ? Decode(service, File.ReadAllBytes(file)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException)
        {
            Log.Ignored(logger, LogSanitizer.Sanitize(service), file, e.Message);
            return null;
        }
    }

    // Services have names that files cannot have, and some systems take upper case for lower case.
    private string FileOf(string service) =>
        Path.Combine(path, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(service))) + ".snapshot");

    private void CreateFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnersFolder);
        }
    }

    private static void Write(string file, byte[] document)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnersFile;
        }

        using var stream = new FileStream(file, options);
        stream.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(document))));
        stream.WriteByte((byte)'\n');
        stream.Write(document);
        stream.Flush(flushToDisk: true);
    }

    private static byte[] Encode(string service, SavedSnapshot saved)
    {
        var snapshot = saved.View;
        var entries = snapshot.Instances
            .Select(instance => new SnapshotDocument.Entry(
                ServiceKeys.Instance(service, instance.Id), Encoding.UTF8.GetString(ServiceJson.Encode(instance))))
            .ToList();
        if (snapshot.Description is { } info)
        {
            entries.Add(new(ServiceKeys.Description(service), Encoding.UTF8.GetString(ServiceJson.Encode(info))));
        }

        var document = new SnapshotDocument(
            service, saved.AsOf, snapshot.Revision.Number, snapshot.Revision.ClusterId, entries);
        return JsonSerializer.SerializeToUtf8Bytes(document, SnapshotJsonContext.Default.SnapshotDocument);
    }

    private static SavedSnapshot Decode(string service, byte[] content)
    {
        var end = Array.IndexOf(content, (byte)'\n');
        var json = end < 0 ? [] : content.AsSpan(end + 1);
        if (end < 0 || Encoding.ASCII.GetString(content, 0, end) != Convert.ToHexStringLower(SHA256.HashData(json)))
        {
            throw new InvalidDataException("its checksum does not match");
        }

        var document = JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.SnapshotDocument);
        if (document?.Service != service)
        {
            throw new InvalidDataException("it is of another service");
        }

        var contents = new StoreContents(
            new StoreRevision(document.Revision, document.ClusterId),
            [.. document.Entries.Select(entry => new StoreEntry(entry.Key, Encoding.UTF8.GetBytes(entry.Value), 0))]);
        var reader = new EntryReader(service, NullLogger.Instance);
        return new SavedSnapshot(reader.Read(ServiceView.Empty, contents, doubt: false).View, document.AsOf);
    }
}
