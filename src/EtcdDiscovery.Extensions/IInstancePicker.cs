namespace EtcdDiscovery;

/// <summary>Picks one of a service's instances. <see cref="InstancePickers"/> has the built-in pickers.</summary>
/// <remarks>
/// To use a custom picker for all queries, add it to the services: <c>services.AddSingleton&lt;IInstancePicker, MyPicker&gt;()</c>. To use
/// it for one query, set <see cref="ServiceQuery.Picker"/>. The picker is called for every pick of every service, concurrently.
/// </remarks>
public interface IInstancePicker
{
    /// <summary>Picks an instance.</summary>
    /// <param name="instances">The instances to pick from; never empty.</param>
    /// <returns>One of the instances.</returns>
    ServiceInstance Pick(InstanceSet instances);
}
