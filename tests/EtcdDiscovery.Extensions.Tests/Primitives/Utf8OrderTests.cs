using System.Text;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Tests.Primitives;

public sealed class Utf8OrderTests
{
    [Fact]
    public void Compare_AnyTexts_OrdersByUtf8Bytes()
    {
        string[] texts = ["", "a", "ab", "b", "é", "\uFFFD", "～", "😀", "😀a", "\U0010FFFF", "a😀", "a～", "\u007F", "\u0080"];

        foreach (var x in texts)
        {
            foreach (var y in texts)
            {
                var bytes = Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y));
                Assert.Equal(Math.Sign(bytes), Math.Sign(Utf8Order.Instance.Compare(x, y)));
            }
        }
    }
}
