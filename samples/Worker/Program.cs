using Worker;

var builder = Host.CreateApplicationBuilder(args);

builder.Services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();
builder.Services.AddHostedService<CatalogPoller>();

builder.Build().Run();
