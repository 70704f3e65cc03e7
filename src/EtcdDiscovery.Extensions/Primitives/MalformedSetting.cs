namespace EtcdDiscovery.Primitives;

/// <summary>A configuration value that cannot be converted to the type of its setting.</summary>
/// <param name="Setting">The full configuration key.</param>
/// <param name="Text">The value as written, sanitized.</param>
/// <param name="Allowed">What the type allows.</param>
internal sealed record MalformedSetting(string Setting, string Text, string Allowed);
