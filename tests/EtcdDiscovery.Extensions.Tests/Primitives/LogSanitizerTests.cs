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
    [InlineData("a\u202Egnp.exe\u2066x\u200B\u200F", "a\uFFFDgnp.exe\uFFFDx\uFFFD\uFFFD")]
    [InlineData("\uD83D\uDE00", "\uD83D\uDE00")]
    [InlineData("a\uDB40\uDC41b", "a\uFFFDb")]
    public void Sanitize_AnyText_IsOneLineWithoutControlCharacters(string text, string expected) =>
        Assert.Equal(expected, LogSanitizer.Sanitize(text));

    [Fact]
    public void Sanitize_LoneSurrogates_AreReplaced() => Assert.Equal("a\uFFFDb\uFFFD", LogSanitizer.Sanitize("a\uD800b\uDC00"));

    [Fact]
    public void Sanitize_SurrogatePairAtTheLimit_IsTruncatedBeforeThePair() =>
        Assert.Equal(new string('x', 199) + "…", LogSanitizer.Sanitize(new string('x', 199) + "😀"));

    [Fact]
    public void Sanitize_LongText_IsTruncated() => Assert.Equal(new string('x', 200) + "…", LogSanitizer.Sanitize(new string('x', 100_000)));
}
