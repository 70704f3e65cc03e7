namespace EtcdDiscovery.Registration;

/// <summary>A further service of the process, by the name of its options: a configuration section where it has one.</summary>
internal sealed record AdditionalService(string OptionsName);
