using System.Security.Cryptography;

namespace EtcdDiscovery.Registration;

/// <summary>Generates a random user and password that need no escaping in URLs or headers.</summary>
internal static class GeneratedCredentials
{
    private const int Length = 32;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static ServiceCredentials Create() =>
        new(RandomNumberGenerator.GetString(Alphabet, Length), RandomNumberGenerator.GetString(Alphabet, Length));
}
