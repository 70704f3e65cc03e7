namespace EtcdDiscovery.Tests;

/// <summary>The files of this repository, found from the output directory of the tests.</summary>
internal static class Repository
{
    // Not [CallerFilePath]: a deterministic build maps it to a path that does not exist.
    private static readonly string Root = FindRoot();

    public static string PathOf(string relativePath) => Path.Combine(Root, relativePath);

    public static string Read(string relativePath) => File.ReadAllText(PathOf(relativePath));

    /// <summary>The relative paths of the files below a folder, without build output.</summary>
    public static IEnumerable<string> FilesBelow(string relativeFolder, string pattern)
    {
        var folder = PathOf(relativeFolder);
        return Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "EtcdDiscovery.Extensions.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException(
            $"No folder above {AppContext.BaseDirectory} contains EtcdDiscovery.Extensions.sln: run the tests within the repository.");
    }
}
