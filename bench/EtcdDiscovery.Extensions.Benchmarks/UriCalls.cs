namespace EtcdDiscovery.Benchmarks;

/// <summary>What <see cref="ServiceResolverExtensions.GetUriAsync"/> allocates beyond the <see cref="Uri"/> that it answers with.</summary>
internal static class UriCalls
{
    private const int Calls = 100_000;

    public static void Print(IServiceResolver resolver, string service)
    {
        var text = Get(resolver, service).OriginalString;
        // Both once before, for what the first call alone allocates.
        Ours(Calls);
        TheUri(Calls);
        var ours = Interleaved.AllocatedPerCall(Ours, Calls);
        var uri = Interleaved.AllocatedPerCall(TheUri, Calls);
        Console.WriteLine(FormattableString.Invariant(
            $"GetUriAsync allocates {ours} bytes a call: the Uri {uri}, and {ours - uri} beyond it, its text of {text.Length} characters included"));

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
