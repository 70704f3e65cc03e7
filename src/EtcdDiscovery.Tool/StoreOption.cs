using System.CommandLine;
using System.CommandLine.Parsing;

namespace EtcdDiscovery.Tool;

/// <summary>An option whose value is a store that other processes can see.</summary>
internal sealed class StoreOption : Option<DiscoveryStoreKind?>
{
    private static readonly string[] Stores = [nameof(DiscoveryStoreKind.Etcd), nameof(DiscoveryStoreKind.EtcdV2)];

    public StoreOption(string name, string description)
        : base(name)
    {
        Description = description;
        HelpName = "STORE";
        CustomParser = Parse;
        CompletionSources.Add(Stores);
    }

    private DiscoveryStoreKind? Parse(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Stores.Contains(text, StringComparer.Ordinal))
        {
            return Enum.Parse<DiscoveryStoreKind>(text);
        }

        result.AddError($"{Name} is '{text}': expected {string.Join(" or ", Stores)}.");
        return null;
    }
}
