namespace EtcdDiscovery.Benchmarks;

/// <summary>Measures how much <see cref="ServiceResolverExtensions.GetUriAsync"/> allocates in addition to the returned <see cref="Uri"/>.</summary>
internal static class UriCalls
{
    private const int Calls = 100_000;

    public static void Print(IServiceResolver resolver, string service)
    {
        var text = Get(resolver, service).OriginalString;
        // Warms up both, because the first call allocates more.
        Ours(Calls);
        TheUri(Calls);
        var ours = Interleaved.AllocatedPerCall(Ours, Calls);
        var uri = Interleaved.AllocatedPerCall(TheUri, Calls);
        Console.WriteLine(FormattableString.Invariant(
            $"GetUriAsync allocates {ours} bytes per call: {uri} for the Uri and {ours - uri} more, which include its text of {text.Length} characters"));

        void Ours(int calls)
        {
            for (var call = 0; call < calls; call++)
            {
                GC.KeepAlive(Get(resolver, service));
            }
        }

        void TheUri(int calls)
        {
            for (var call = 0; call < calls; call++)
            {
                GC.KeepAlive(new Uri(text));
            }
        }
    }

    private static Uri Get(IServiceResolver resolver, string service)
    {
        var answer = resolver.GetUriAsync(service, "http", "/items?page=2");
        return answer.IsCompletedSuccessfully ? answer.Result : throw new InvalidOperationException("The catalog is not warm.");
    }
}
