namespace EtcdDiscovery;

/// <summary>Picks one of a service's instances. <see cref="InstancePickers"/> has the built-in ones.</summary>
/// <remarks>
/// To use one of your own, add it to the services, <c>services.AddSingleton&lt;IInstancePicker, MyPicker&gt;()</c>, or
/// name it in a query's <see cref="ServiceQuery.Picker"/>. It is called by many threads at once, for every service, and
/// as often as an instance is asked for.
/// </remarks>
public interface IInstancePicker
{
    /// <summary>Picks an instance.</summary>
    /// <param name="instances">What there is to pick from; never empty.</param>
    /// <returns>One of the instances.</returns>
    ServiceInstance Pick(InstanceSet instances);
}
