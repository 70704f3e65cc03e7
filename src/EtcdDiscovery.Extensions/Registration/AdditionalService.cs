namespace EtcdDiscovery.Registration;

/// <summary>
/// An additional service of the process, identified by the name of its options: its configuration section, if it has one.
/// </summary>
internal sealed record AdditionalService(string OptionsName);
