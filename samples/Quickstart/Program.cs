using EtcdDiscovery;

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddEtcdDiscovery();
builder.Services.AddHealthChecks().AddEtcdDiscovery();
builder.Services.AddProblemDetails();

var app = builder.Build();

app.MapHealthChecks("/healthz");

// Who am I?
app.MapGet("/", (IServiceRegistry registry) => registry.Registrations.Select(self => new
{
    self.InstanceId,
    Service = self.ServiceName,
    State = self.State.ToString(),
}).FirstOrDefault() is { } me ? Results.Ok(me) : Results.Problem("This host registers no service.", statusCode: 404));

// Who else is there? Passwords stay where they are.
app.MapGet("/instances/{**service}", async (
    string service, string? shard, IServiceResolver resolver, CancellationToken cancellationToken) =>
{
    try
    {
        var instances = await resolver.GetInstancesAsync(service, new ServiceQuery { Shard = shard }, cancellationToken);
        return Results.Ok(instances.Select(instance => new
        {
            instance.Id,
            instance.Hostname,
            instance.Ports,
            instance.Public,
            instance.PrivateHostname,
            instance.PrivatePorts,
            instance.Critical,
            instance.Shard,
        }));
    }
    catch (EtcdDiscoveryException none) when (
        none is ServiceNotFoundException or NoInstanceFoundException or NoInstanceOnShardException)
    {
        return Results.Problem(none.Message, statusCode: StatusCodes.Status404NotFound);
    }
    catch (EtcdDiscoveryException away) when (away.IsTransient)
    {
        return Results.Problem(away.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
    catch (ArgumentException wrong)
    {
        return Results.Problem(wrong.Message, statusCode: StatusCodes.Status400BadRequest);
    }
});

app.Run();
