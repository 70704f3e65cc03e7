extern alias library;

using LogSanitizer = library::EtcdDiscovery.Primitives.LogSanitizer;

namespace EtcdDiscovery.Tests.Primitives;

public sealed class LogSanitizerTests
{
    [Theory]
    [InlineData("shop-1.dev", "shop-1.dev")]
    [InlineData("é 日本", "é 日本")]
    [InlineData("a\r\nfake: line\tb\0", "a\uFFFD\uFFFDfake: line\uFFFDb\uFFFD")]
    [InlineData("a\u2028b\u2029c\u0085d", "a\uFFFDb\uFFFDc\uFFFDd")]
    [InlineData("a\u202Egnp.exe\u2066x\u200B", "a\uFFFDgnp.exe\uFFFDx\uFFFD")]
    public void Print_AnyText_IsOneLineThatReadsAsItStands(string text, string printed) =>
        Assert.Equal(printed, LogSanitizer.Sanitize(text));

    [Fact]
    public void Print_LongText_IsCut() => Assert.Equal(new string('x', 200) + "…", LogSanitizer.Sanitize(new string('x', 100_000)));
}
