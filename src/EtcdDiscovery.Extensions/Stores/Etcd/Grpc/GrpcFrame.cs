using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>gRPC's framing: one byte "compressed", four bytes length, the message.</summary>
internal static class GrpcFrame
{
    /// <summary>
    /// The largest message that is read. Far above the 4 MiB of common clients, which a page of large values exceeds
    /// without being wrong, and low enough that a broken peer cannot exhaust the process.
    /// </summary>
    public const int MaxMessageSize = 64 * 1024 * 1024;

    private const int HeaderSize = 5;

    public static byte[] Encode(IMessage message)
    {
        var size = message.CalculateSize();
        var frame = new byte[HeaderSize + size];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), size);
        message.WriteTo(frame.AsSpan(HeaderSize));
        return frame;
    }

    /// <summary>Reads the next message.</summary>
    /// <returns>The message, or <see langword="null"/> when the stream ended before another one.</returns>
    public static async ValueTask<T?> ReadAsync<T>(
        Stream stream, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        var header = new byte[HeaderSize];
        var read = await stream.ReadAtLeastAsync(header, HeaderSize, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
        if (read == 0)
        {
            return null;
        }

        if (read < HeaderSize)
        {
            throw BrokenOff();
        }

        var size = ReadSize(header);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            read = await stream.ReadAtLeastAsync(
                buffer.AsMemory(0, size), size, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return read == size ? Parse(parser, buffer.AsSpan(0, size)) : throw BrokenOff();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int ReadSize(ReadOnlySpan<byte> header)
    {
        if (header[0] != 0)
        {
            throw new GrpcException(GrpcStatusCode.Internal, "a compressed message, though none was asked for");
        }

        var size = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return size <= MaxMessageSize
            ? (int)size
            : throw new GrpcException(
                GrpcStatusCode.ResourceExhausted,
                $"a message of {size} bytes, which is more than the limit of {MaxMessageSize} bytes");
    }

    private static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> message)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GrpcException(GrpcStatusCode.Internal, "an unreadable message", e);
        }
    }

    private static GrpcException BrokenOff() =>
        new(GrpcStatusCode.Unavailable, "the stream broke off in the middle of a message");
}
