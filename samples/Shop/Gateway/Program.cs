var builder = WebApplication.CreateBuilder(args);

builder.Services.AddServiceDiscovery();
builder.Services.AddEtcdServiceEndpointProvider();
builder.Services.AddReverseProxy()
    .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
    .AddServiceDiscoveryDestinationResolver();
builder.Services.AddHealthChecks().AddEtcdDiscovery();

var app = builder.Build();

app.MapHealthChecks("/healthz");
app.MapReverseProxy();

app.Run();
