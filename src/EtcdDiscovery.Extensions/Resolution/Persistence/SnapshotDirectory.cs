using System.Diagnostics.CodeAnalysis;
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
/// Saves snapshots in a directory with one file per service: a line with the SHA-256 of the rest, then a <see cref="SnapshotDocument"/>.
/// The files contain credentials, so only their owner may read them.
/// </summary>
/// <remarks>Files are read and written one at a time, each on a dedicated thread, so that a hanging mount blocks one thread only.</remarks>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The semaphore never allocates a handle.")]
internal sealed partial class SnapshotDirectory(string path, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>The time limit for file operations.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    // More than enough for a hundred thousand instances.
    private const long MaxFileSize = 256 * 1024 * 1024;

    private const string UnfinishedExtension = ".unfinished";

    private const UnixFileMode OwnersDirectory = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Older files were left behind by a process that was killed.
    private static readonly TimeSpan UnfinishedAge = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _turn = new(1);
    private bool _isFailing;
    private bool _isTidy;

    /// <summary>Saves a snapshot, replacing the previous one.</summary>
    /// <param name="service">The service.</param>
    /// <param name="saved">The snapshot.</param>
    /// <param name="isNew">Whether to save the snapshot if there is no file yet.</param>
    /// <returns>Whether the directory is writable.</returns>
    public async Task<bool> TrySaveAsync(string service, SavedSnapshot saved, bool isNew)
    {
        try
        {
            await RunAsync(() => Save(FileOf(service), Encode(service, saved), isNew)).ConfigureAwait(false);
            _isFailing = false;
            return true;
        }
        catch (Exception error)
        {
            if (!_isFailing)
            {
                Log.NotSaved(logger, error.Message);
            }

            _isFailing = true;
            return false;
        }
    }

    /// <summary>Loads the last saved snapshot; null if there is none or it cannot be trusted.</summary>
    public async Task<SavedSnapshot?> LoadAsync(string service)
    {
        var file = FileOf(service);
        try
        {
            var content = await RunAsync(() => Load(file)).ConfigureAwait(false);
            return content is null ? null : Decode(service, content);
        }
        catch (Exception error)
        {
            Log.Ignored(logger, LogSanitizer.Sanitize(service), file, error.Message);
            return null;
        }
    }

    private async Task<T> RunAsync<T>(Func<T> work)
    {
        using var timeout = new LinkedTimeout(Timeout, timeProvider, CancellationToken.None);
        try
        {
            await _turn.WaitAsync(timeout.Token).ConfigureAwait(false);
            var running = Task.Factory.StartNew(InTurn, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return await Background.Observed(running).WaitAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.HasExpired)
        {
            throw new IOException($"the file system did not answer within {Timeout.TotalSeconds} s");
        }

        T InTurn()
        {
            try
            {
                return work();
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    // A hash, because service names may not be valid file names, and some file systems ignore case.
    private string FileOf(string service) =>
        Path.Combine(path, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(service))) + ".snapshot");

    private bool Save(string file, byte[] document, bool isNew)
    {
        if (!isNew && !File.Exists(file))
        {
            return false;
        }

        CreateDirectory();
        // A random name: unique across processes, even in different containers, and not predictable by an attacker.
        var unfinished = $"{file}.{Guid.NewGuid():N}{UnfinishedExtension}";
        try
        {
            Write(unfinished, document);
            File.Move(unfinished, file, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        return true;
    }

    private byte[]? Load(string file)
    {
        var info = new FileInfo(file);
        if (!info.Exists)
        {
            return null;
        }

        ThrowIfForeign();
        return info.Length <= MaxFileSize ? File.ReadAllBytes(file) : throw new InvalidDataException($"it has more than {MaxFileSize} bytes");
    }

    private void CreateDirectory()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnersDirectory);
        }

        ThrowIfForeign();
        if (!_isTidy)
        {
            DeleteUnfinished();
            _isTidy = true;
        }
    }

    // Setting the mode fails if the directory belongs to another user. If it belongs to this user and is closed to others, its files can be
    // trusted.
    private void ThrowIfForeign()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var directory = new DirectoryInfo(path);
        if (directory.LinkTarget is not null)
        {
            throw new InvalidDataException($"the directory {path} is a symbolic link");
        }

        try
        {
            directory.UnixFileMode = OwnersDirectory;
        }
        catch (UnauthorizedAccessException)
        {
            throw new InvalidDataException($"the directory {path} belongs to another user");
        }
    }

    private void DeleteUnfinished()
    {
        foreach (var file in Directory.EnumerateFiles(path, "*" + UnfinishedExtension))
        {
            if (timeProvider.GetUtcNow() - File.GetLastWriteTimeUtc(file) > UnfinishedAge)
            {
                File.Delete(file);
            }
        }
    }

    private static void Write(string file, byte[] document)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
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

    private SavedSnapshot Decode(string service, byte[] content)
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
            throw new InvalidDataException("it belongs to another service");
        }

        if (document.Entries?.All(entry => entry is { Key: not null, Value: not null }) != true)
        {
            throw new InvalidDataException("it has entries without a key or a value");
        }

        var contents = new StoreContents(
            new StoreRevision(document.Revision, document.ClusterId),
            [.. document.Entries.Select(entry => new StoreEntry(entry.Key, Encoding.UTF8.GetBytes(entry.Value), 0))]);
        var reader = new EntryReader(service, NullLogger.Instance);
        // If the clock has been set back, the age of the file is unknown, so treat it as infinitely old.
        var asOf = document.AsOf > timeProvider.GetUtcNow() ? DateTimeOffset.MinValue : document.AsOf;
        return new SavedSnapshot(reader.Read(ServiceView.Empty, contents, keepVanished: false).View, asOf);
    }
}
