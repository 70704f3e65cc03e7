using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EtcdDiscovery.Tests;

/// <summary>Checks the parts of the public API that <c>PublicAPI.*.txt</c> does not record.</summary>
public sealed class PublicApiTests
{
    private static readonly Type[] PublicTypes =
        [.. typeof(IServiceResolver).Assembly.GetExportedTypes(), .. typeof(ServerAddressOptions).Assembly.GetExportedTypes()];

    [Fact]
    public void PublicTypes_ByNamespace_AreTheReviewedOnes()
    {
        var extensions = PublicTypes.Where(type => type.Namespace is not ("EtcdDiscovery" or "EtcdDiscovery.Stores" or "EtcdDiscovery.Diagnostics")).ToList();

        Assert.All(extensions, type => Assert.Equal(
            type.Name switch
            {
                "EtcdDiscoveryHostApplicationBuilderExtensions" => "Microsoft.Extensions.Hosting",
                "EtcdDiscoveryEndpointRouteBuilderExtensions" => "Microsoft.AspNetCore.Builder",
                _ => "Microsoft.Extensions.DependencyInjection",
            },
            type.Namespace));
        Assert.All(extensions, type => Assert.True(type is { IsAbstract: true, IsSealed: true }, $"{type.Name} is not static"));
    }

    [Fact]
    public void PublicClasses_ExceptTheReviewedOnes_AreSealed() =>
        Assert.Equal([typeof(EtcdDiscoveryException), typeof(ServiceCall)], PublicTypes.Where(type => type is { IsClass: true, IsSealed: false }));

    [Fact]
    public void PublicEnums_SerializedAsJson_AreText() =>
        Assert.All(PublicTypes.Where(type => type.IsEnum), type => Assert.Equal(
            JsonValueKind.String, JsonSerializer.SerializeToElement(Enum.ToObject(type, 1), type).ValueKind));

    [Fact]
    public void Credentials_SerializedAsJson_AreOmitted()
    {
        var credentials = new ServiceCredentials("jim", "secret");
        var anything = new { credentials, Instance = new ServiceInstance { Id = "a", ServiceName = "shop", Credentials = credentials } };

        var json = JsonSerializer.Serialize(anything);

        Assert.DoesNotContain("secret", json, StringComparison.Ordinal);
        Assert.DoesNotContain("jim", json, StringComparison.Ordinal);
    }

    [Fact]
    public void PublicStructs_All_AreReadOnly() =>
        Assert.All(PublicTypes.Where(type => type is { IsValueType: true, IsEnum: false }), type => Assert.True(type.IsDefined(typeof(IsReadOnlyAttribute)), type.Name));

    [Fact]
    public void PublicTypes_BaseTypesAndInterfaces_AreTheReviewedOnes() =>
        Assert.Equal(
            [
                "EtcdDiscoveryException : Exception",
                "HistoryLostException : EtcdDiscoveryException",
                "IDiscoverySession : IAsyncDisposable",
                "IDiscoveryStore : IAsyncDisposable",
                "IServiceRegistration : IAsyncDisposable",
                "InMemoryDiscoveryStore : IDiscoveryStore, IDisposable",
                "InstanceSet : IReadOnlyList`1",
                "NoInstanceFoundException : EtcdDiscoveryException",
                "NoInstanceOnShardException : EtcdDiscoveryException",
                "ServiceCall : IDisposable",
                "ServiceMap : IReadOnlyDictionary`2",
                "ServiceNotFoundException : EtcdDiscoveryException",
                "SessionLostException : EtcdDiscoveryException",
                "UnknownSchemeException : EtcdDiscoveryException",
            ],
            PublicTypes.Select(type => (type.Name, Bases: string.Join(", ", BasesOf(type))))
                .Where(type => type.Bases.Length > 0)
                .Select(type => $"{type.Name} : {type.Bases}")
                .Order(StringComparer.Ordinal));

    [Fact]
    public void RequiredMembers_OfPublicTypes_AreTheReviewedOnes() =>
        Assert.Equal(
            [
                "DiscoveryEvent.Kind",
                "DiscoveryEvent.ServiceName",
                "DiscoveryEvent.Time",
                "InstanceEjection.EndsAt",
                "InstanceEjection.Instance",
                "InstanceExplanation.Exclusions",
                "InstanceExplanation.Instance",
                "LeaseInfo.Age",
                "LeaseInfo.TimeToLive",
                "ServiceChange.Instance",
                "ServiceChange.Kind",
                "ServiceExplanation.Instances",
                "ServiceExplanation.Snapshot",
                "ServiceInfo.Name",
                "ServiceInstance.Id",
                "ServiceInstance.ServiceName",
                "ServiceSnapshot.Instances",
                "ServiceSnapshot.Service",
                "ServiceUpdate.Changes",
                "ServiceUpdate.Snapshot",
            ],
            PublicTypes.SelectMany(type => type.GetMembers())
                .Where(member => member is PropertyInfo or FieldInfo && member.IsDefined(typeof(RequiredMemberAttribute)))
                .Select(member => $"{member.DeclaringType!.Name}.{member.Name}")
                .Order(StringComparer.Ordinal));

    /// <summary>The base type and interfaces of a declaration, except value equality, which the analyzer's files list as members.</summary>
    private static IEnumerable<string> BasesOf(Type type)
    {
        if (type.IsEnum)
        {
            return [];
        }

        var inherited = type.BaseType?.GetInterfaces().ToHashSet() ?? [];
        inherited.UnionWith(type.GetInterfaces().SelectMany(each => each.GetInterfaces()));
        return type.GetInterfaces()
            .Where(each => !inherited.Contains(each) && each != typeof(IEquatable<>).MakeGenericType(type))
            .Concat(type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? [parent] : [])
            .Select(each => each.Name)
            .Order(StringComparer.Ordinal);
    }
}
