using System.Net;

namespace EtcdDiscovery.Http;

/// <summary>
/// Wraps the content of a request while it is being sent. Tracks whether sending has reached the content, and whether the content itself
/// failed, which is not the instance's fault.
/// </summary>
internal sealed class ObservedContent : HttpContent
{
    private volatile bool _hasBegun;
    private volatile bool _hasFailed;

    private ObservedContent(HttpContent content)
    {
        Original = content;
        foreach (var header in content.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    /// <summary>The original content.</summary>
    public HttpContent Original { get; }

    /// <summary>Whether sending the content has started.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>Whether the content itself failed.</summary>
    public bool HasFailed => _hasFailed;

    /// <summary>Wraps a request's content, unless it is in memory and so cannot fail.</summary>
    public static void Attach(HttpRequestMessage request)
    {
        if (request.Content is not (null or ByteArrayContent or ReadOnlyMemoryContent))
        {
            request.Content = new ObservedContent(request.Content);
        }
    }

    /// <summary>Restores the original content.</summary>
    public static void Detach(HttpRequestMessage request)
    {
        if (request.Content is ObservedContent observed)
        {
            request.Content = observed.Original;
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _hasBegun = true;
        var connection = new ObservedStream(stream);
        try
        {
            await Original.CopyToAsync(connection, context, cancellationToken).ConfigureAwait(false);
        }
        catch when (!connection.HasFailed && !cancellationToken.IsCancellationRequested)
        {
            _hasFailed = true;
            throw;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = Original.Headers.ContentLength ?? -1;
        return length >= 0;
    }

    /// <summary>The connection that content is written to; tracks whether writing failed.</summary>
    private sealed class ObservedStream(Stream inner) : Stream
    {
        public bool HasFailed { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => inner.CanWrite;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => Observe(inner.Flush);

        public override Task FlushAsync(CancellationToken cancellationToken) => ObserveAsync(new(inner.FlushAsync(cancellationToken))).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => Observe(() => inner.Write(buffer, offset, count));

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ObserveAsync(inner.WriteAsync(buffer, cancellationToken));

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Observe(Action write)
        {
            try
            {
                write();
            }
            catch
            {
                HasFailed = true;
                throw;
            }
        }

        private async ValueTask ObserveAsync(ValueTask write)
        {
            try
            {
                await write.ConfigureAwait(false);
            }
            catch
            {
                HasFailed = true;
                throw;
            }
        }
    }
}
