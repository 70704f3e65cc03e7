namespace EtcdDiscovery.Primitives;

/// <summary>Collects the problems of settings. Each problem names the setting, its value and the allowed values.</summary>
/// <param name="malformed">The values that were not bound. The options contain the defaults in their place.</param>
internal sealed class SettingsProblems(IReadOnlyList<MalformedSetting> malformed)
{
    public const string HowToWriteTimes = "(write 5 seconds as 00:00:05; a number alone means days)";

    private readonly List<string> _problems = [];
    private readonly List<MalformedSetting> _unreported = [.. malformed];

    public bool IsEmpty => _problems.Count == 0 && _unreported.Count == 0;

    public bool IsMalformed(string setting) => malformed.Any(value => value.Setting == setting);

    public void Add(string problem) => _problems.Add(problem);

    public void AddRange(IEnumerable<string> problems) => _problems.AddRange(problems);

    /// <summary>Adds a problem if the value is not allowed or was malformed.</summary>
    public void Check(string setting, string value, bool isAllowed, string allowed)
    {
        var index = _unreported.FindIndex(unreported => unreported.Setting == setting);
        if (index >= 0)
        {
            _problems.Add(Describe(setting, _unreported[index].Text, allowed));
            _unreported.RemoveAt(index);
        }
        else if (!isAllowed)
        {
            _problems.Add(Describe(setting, value, allowed));
        }
    }

    public void CheckTime(string setting, TimeSpan value, TimeSpan smallest, TimeSpan largest) =>
        Check(setting, $"{value}", value >= smallest && value <= largest, DescribeRange(smallest, largest));

    public void CheckTimeOrZero(string setting, TimeSpan value, TimeSpan smallest, TimeSpan largest) =>
        Check(setting, $"{value}", value == TimeSpan.Zero || (value >= smallest && value <= largest), DescribeRange(smallest, largest));

    /// <summary>Checks that an enumeration value is defined, because the binder accepts any number.</summary>
    public void CheckChoice<T>(string setting, T value)
        where T : struct, Enum =>
        Check(setting, $"{value}", Enum.IsDefined(value), $"{string.Join(", ", Enum.GetNames<T>())} are allowed");

    /// <summary>All problems: those that rules found, then the malformed values that no rule reported, such as those of flags.</summary>
    public IReadOnlyList<string> ToList() =>
        [.. _problems, .. _unreported.Select(value => Describe(value.Setting, value.Text, value.Allowed))];

    private static string Describe(string setting, string value, string allowed) => $"{setting} is '{value}': {allowed}.";

    private static string DescribeRange(TimeSpan smallest, TimeSpan largest) =>
        $"a time from {smallest} to {largest} is allowed {HowToWriteTimes}";
}
