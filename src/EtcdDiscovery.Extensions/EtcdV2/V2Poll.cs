using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>One long poll: a request that is answered when something changes.</summary>
internal sealed class V2Poll : IDisposable
{
    private readonly V2Client _client;
    private readonly V2Connection _connection;
    private readonly V2Request _request;
    private readonly HttpResponseMessage _response;
    private readonly long _started;

    private V2Poll(V2Client client, V2Connection connection, V2Request request, HttpResponseMessage response, StoreRevision revision)
    {
        (_client, _connection, _request, _response, Revision) = (client, connection, request, response, revision);
        _started = client.TimeProvider.GetTimestamp();
    }

    /// <summary>The revision of the member when the poll started.</summary>
    public StoreRevision Revision { get; }

    /// <summary>The time since the poll started.</summary>
    public TimeSpan Age => _client.TimeProvider.GetElapsedTime(_started);

    /// <exception cref="V2Failure">The poll could not be opened.</exception>
    public static Task<V2Poll> OpenAsync(
        V2Client client, V2Connection connection, V2Request request, CancellationToken cancellationToken)
    {
        return client.WithinAsync(client.RequestTimeout, BeginAsync, cancellationToken);

        async Task<V2Poll> BeginAsync(CancellationToken token)
        {
            var response = await connection.SendAsync(request, token).ConfigureAwait(false);
            try
            {
                if (!response.IsSuccessStatusCode)
                {
                    // Always throws, because the response contains an error.
                    await V2Response.ReadAsync(response, token).ConfigureAwait(false);
                }

                return new V2Poll(client, connection, request, response, V2Response.RevisionOf(response));
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    /// <summary>Waits for the change.</summary>
    /// <returns>The change; null if the member ended the poll without one, as it does when it stops.</returns>
    public async Task<V2Document?> ReadAsync(CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(_connection.Closing, cancellationToken);
        try
        {
            var body = await V2Response.ReadBodyAsync(_response.Content, linked.Token).ConfigureAwait(false);
            return body.IsEmpty ? null : V2Response.Parse(body, _response.StatusCode);
        }
        catch (V2Failure failure)
        {
            throw _client.Fail(_connection, failure, _request);
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw _client.Fail(_connection, V2Failure.OfTransport(e), _request);
        }
    }

    public void Dispose() => _response.Dispose();
}
