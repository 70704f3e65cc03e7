using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;
using EtcdDiscovery.Tests;

namespace EtcdDiscovery.BlackBox;

/// <summary>Only Product.cs depends on the library's API, so a change of the API changes only Product.cs.</summary>
public sealed partial class AdapterTests
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    private const string Folder = "tests/BlackBox";

    [Fact]
    public void Types_OtherThanTheAdapter_DoNotUseTheLibrary()
    {
        var adapters = DeclaredType().Matches(Repository.Read(Folder + "/Product.cs"))
            .Select(match => match.Groups["name"].Value)
            .ToHashSet(StringComparer.Ordinal);
        var types = typeof(AdapterTests).Assembly.GetTypes();
        var offences = types
            .Where(type => !adapters.Contains(Outermost(type).Name))
            .SelectMany(type => UsedBy(type).Where(IsOfTheLibrary).Select(used => $"{Outermost(type).FullName} uses {used.FullName}"))
            .Distinct();

        Assert.Empty(offences);
        // The check works: it finds the library's types in the adapter.
        Assert.Contains(types.Where(type => Outermost(type).Name == nameof(Product)).SelectMany(UsedBy), IsOfTheLibrary);
    }

    [Fact]
    public void Files_OtherThanTheAdapter_ContainNoSettingName()
    {
        var offences = Repository.FilesBelow(Folder, "*.cs")
            .Where(file => file is not ("Product.cs" or "AdapterTests.cs"))
            .Where(file => SettingLiteral().IsMatch(Repository.Read($"{Folder}/{file}")));

        Assert.Empty(offences);
    }

    private static bool IsOfTheLibrary(Type type) =>
        type.Assembly != typeof(AdapterTests).Assembly
        && type.Assembly.GetName().Name!.StartsWith("EtcdDiscovery.", StringComparison.Ordinal);

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static IEnumerable<Type> UsedBy(Type type) =>
        new[] { type.BaseType }
            .Concat(type.GetInterfaces())
            .Concat(type.GetCustomAttributesData().Select(attribute => attribute.AttributeType))
            .Concat(type.GetFields(All).Select(field => field.FieldType))
            .Concat(type.GetMethods(All).SelectMany(method => UsedBy(method).Append(method.ReturnType)))
            .Concat(type.GetConstructors(All).SelectMany(UsedBy))
            .SelectMany(PartsOf);

    private static IEnumerable<Type?> UsedBy(MethodBase method)
    {
        var body = method.GetMethodBody();
        return method.GetParameters().Select(parameter => parameter.ParameterType)
            .Concat(body?.LocalVariables.Select(local => local.LocalType) ?? [])
            .Concat(body is null ? [] : MembersIn(method, body.GetILAsByteArray()!).SelectMany(TypesOf));
    }

    private static IEnumerable<MemberInfo> MembersIn(MethodBase method, byte[] code)
    {
        var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < code.Length;)
        {
            // Two-byte opcodes begin with 0xFE.
            var opCode = OpCodesByValue[code[at] == 0xFE ? unchecked((short)(0xFE00 | code[++at])) : code[at]];
            at++;
            switch (opCode.OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok:
                    yield return method.Module.ResolveMember(BitConverter.ToInt32(code, at), typeArguments, methodArguments)!;
                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(code, at));
                    break;
                default:
                    at += SizeOf(opCode.OperandType);
                    break;
            }
        }
    }

    private static int SizeOf(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    private static IEnumerable<Type?> TypesOf(MemberInfo member) => member switch
    {
        Type type => [type],
        FieldInfo field => [field.DeclaringType, field.FieldType],
        MethodInfo method => [method.DeclaringType, method.ReturnType, .. method.IsGenericMethod ? method.GetGenericArguments() : []],
        _ => [member.DeclaringType],
    };

    private static IEnumerable<Type> PartsOf(Type? type) => type switch
    {
        null => [],
        { HasElementType: true } => PartsOf(type.GetElementType()),
        { IsGenericType: true } => type.GetGenericArguments().SelectMany(PartsOf).Append(type),
        _ => [type],
    };

    [GeneratedRegex(@"^internal (?:\w+ )*(?:class|record|enum|interface|struct) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex DeclaredType();

    [GeneratedRegex("\"\"\"?EtcdDiscovery(:|__)|\"EtcdDiscovery(:|__)")]
    private static partial Regex SettingLiteral();
}
