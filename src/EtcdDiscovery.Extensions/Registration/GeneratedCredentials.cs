using System.Security.Cryptography;

namespace EtcdDiscovery.Registration;

/// <summary>A random user and password that need no escaping anywhere.</summary>
internal static class GeneratedCredentials
{
    private const int Length = 32;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static ServiceCredentials Create() =>
        new(RandomNumberGenerator.GetString(Alphabet, Length), RandomNumberGenerator.GetString(Alphabet, Length));
}
