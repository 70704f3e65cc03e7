#!/usr/bin/env bash
# Packs everything in src/, checks the packages, and uses them from a folder feed against a real etcd: in a web application as
# README describes, in a class library, in a worker and in a web API with controllers, all made by `dotnet new`.
set -euo pipefail

. "$(dirname "$0")/loopback.sh"
. "$(dirname "$0")/with-etcd.sh"
. "$(dirname "$0")/checks.sh"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
temp=$(mktemp -d)
pids=()

clean_up() {
  local status=$?
  [ ${#pids[@]} -eq 0 ] || { kill -KILL "${pids[@]}"; wait "${pids[@]}"; } 2>/dev/null || true
  [ "$status" -eq 0 ] || tail -n 30 "$temp"/*.log >&2
  rm -rf "$temp"
}
trap clean_up EXIT

fail() { echo "eng/pack-check.sh: $*" >&2; exit 1; }
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/README.md" | awk -v n="$2" '/^```/ { fences++; next } fences == 2 * n - 1'; } # LANGUAGE N
expect() { # PORT PATH TEXT: waits up to 30 s for a response that contains the text
  local end=$((SECONDS + 30))
  until case $(http_get "$1" "$2") in *"$3"*) true ;; *) false ;; esac do
    [ "$SECONDS" -lt "$end" ] || fail "GET $2 did not return '$3' within 30 s"
    sleep 0.1
  done
}
keys() { ETCDCTL_API=3 "$(dirname "$ETCD_BIN")/etcdctl" --endpoints "$client" get --keys-only --prefix "/services/$1/"; } # SERVICE

# Two packs have the same bytes. eng/release.sh compares packs of two clones, which takes longer.
for feed in feed again; do
  "$root/eng/pack.sh" "$temp/$feed" >>"$temp/pack.log" 2>&1 || fail "cannot pack"
done
for file in "$temp"/feed/*; do
  cmp -s "$file" "$temp/again/${file##*/}" || fail "two packs of ${file##*/} differ; the SDK must be 10.0.400 or later"
done
version=$(basename "$temp"/feed/EtcdDiscovery.Extensions.[0-9]*.nupkg .nupkg)
version=${version#EtcdDiscovery.Extensions.}
packages=() # those with an API, so not the tool
for api in "$root"/src/*/PublicAPI.Shipped.txt; do packages+=("$(basename "${api%/*}")"); done
passed "Packed twice with the same bytes: $(basename -a "$temp"/feed/*.nupkg | paste -sd ' ')"

# The user's cache serves as a fallback, so that nothing is downloaded twice. The packages under test do not get into it.
NUGET_FALLBACK_PACKAGES=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')
export NUGET_FALLBACK_PACKAGES NUGET_PACKAGES=$temp/packages
echo '<configuration><packageSources><add key="checked" value="feed" /></packageSources></configuration>' >"$temp/nuget.config"

# Restoring unpacks the packages.
mkdir "$temp/all"
{
  echo '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup>'
  for package in "${packages[@]}"; do echo "<PackageReference Include='$package' Version='[$version]' />"; done
  echo '</ItemGroup></Project>'
} >"$temp/all/all.csproj"
dotnet restore "$temp/all" >"$temp/all.log" 2>&1 || fail "the packages cannot be restored"

mkdir "$temp/app"
cd "$temp/app"
{ dotnet new web --no-restore && dotnet add package EtcdDiscovery.Extensions &&
  dotnet add package EtcdDiscovery.Extensions.AspNetCore && dotnet add package EtcdDiscovery.Extensions.ServiceDiscovery; } >"$temp/add.log" 2>&1 || fail "cannot add the packages to an application"
# README's first block is the program, the second one adds an endpoint to it, the third one an HttpClient.
block csharp 1 | while IFS= read -r line; do
  case $line in
    'var app = builder.Build();') block csharp 3 ;;
    'app.Run();') block csharp 2 ;;
  esac
  printf '%s\n' "$line"
done >Program.cs
[ "$(grep -cE '^(builder.Services.AddHttpClient|app.MapGet)' Program.cs)" -eq 2 ] || fail "README's blocks do not form one program"
block json 1 >appsettings.json
dotnet build -warnaserror >"$temp/build.log" 2>&1 || fail "README's program does not build"

# The packages for tests, in a project that has nothing else of this repository: a store there passes the conformance suite.
mkdir "$temp/tests"
cd "$temp/tests"
cp "$root/tests/EtcdDiscovery.Extensions.Testing.Tests"/{FakeServiceResolverTests,RecordingWeb,Stores/LogStore,Stores/LogStoreConformance}.cs .
cat >tests.csproj <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
  </PropertyGroup>
  <ItemGroup>
    <Using Include="Xunit" />
    <PackageReference Include="EtcdDiscovery.Extensions.Testing" Version="*" />
    <PackageReference Include="EtcdDiscovery.Extensions.Testing.Xunit" Version="*" />
    $(grep -o '<Package[^>]*"xunit.v3" [^>]*>' "$root/Directory.Packages.props" | sed 's/PackageVersion/PackageReference/')
  </ItemGroup>
</Project>
END
dotnet build >"$temp/tests.log" 2>&1 || fail "the packages for tests do not build in a project of their own"
dotnet run --no-build >>"$temp/tests.log" 2>&1 || fail "tests with the packages failed"
passed "dotnet test project: a store of its own passes the conformance suite, and the fake resolver works"

unpacked() { echo "$temp/packages/$(tr '[:upper:]' '[:lower:]' <<<"$1")/$version"; } # PACKAGE
for package in "${packages[@]}"; do
  cd "$(unpacked "$package")"
  for file in README.md icon.png sbom.cdx.json "lib/net10.0/$package.xml"; do [ -s "$file" ] || fail "$file is not in $package"; done
  for element in '<license type="expression">MIT<' '<projectUrl>https://' '<repository type="git" url="https://' '<icon>icon.png<'; do
    grep -q "$element" ./*.nuspec || fail "the nuspec of $package has no $element"
  done
  grep -aq "lib/net10.0/$package.pdb" "$temp/feed/$package".[0-9]*.snupkg || fail "$package has no symbols"

  # The bill of materials names the package and each of its dependencies.
  for component in "$package" $(sed -n 's/.*<dependency id="\([^"]*\)".*/\1/p' ./*.nuspec); do
    grep -q "\"pkg:nuget/$component@" sbom.cdx.json || fail "the bill of materials of $package does not name $component"
  done

  # nuget.org does not render Mermaid.
  ! grep -q mermaid README.md || fail "the readme of $package contains a Mermaid diagram"

  # A link is absolute, leads to a heading, or leads to a file of this repository at the version's tag.
  repository=$(sed -n 's/.*<repository .*url="\([^"]*\)".*/\1/p' ./*.nuspec)
  for link in $(grep -oE '\]\([^) ]+\)' README.md | sed 's/^](//; s/)$//'); do
    case $link in
      "$repository"/blob/v*)
        file=${link#"$repository"/blob/v*/}
        [ -e "$root/${file%%#*}" ] || fail "the readme of $package links to $link, which does not exist" ;;
      https://* | '#'*) ;;
      *) fail "the readme of $package links to $link, which is broken outside the repository" ;;
    esac
  done

  # The documentation contains public types only. An analyzer keeps their list up to date.
  for type in $(sed -n 's/.*<member name="T:\([^"]*\)".*/\1/p' "lib/net10.0/$package.xml"); do
    grep -qxF "$type" "$root/src/$package"/PublicAPI.*.txt || fail "$package documents $type, which users cannot see"
  done
done
cd "$(unpacked EtcdDiscovery.Extensions)"
dependencies=$(sed -n 's/.*<dependency id="\([^"]*\)".*/\1/p' ./*.nuspec | sort | tr '\n' ' ')
# Only the dependencies that the guide lists: no build tool and no analyzer.
[ "$(wc -w <<<"$dependencies")" -eq 8 ] || fail "the package depends on: $dependencies"
for package in $dependencies; do
  grep -q "\`$package\`" "$root/docs/getting-started.md" || fail "docs/getting-started.md does not name $package"
done

# Editors complete appsettings.json by the schemas that a project gets from its packages.
segments=$(cd "$temp/app" && dotnet msbuild -getItem:JsonSchemaSegment) || fail "the schemas of the packages cannot be found: $segments"
for package in EtcdDiscovery.Extensions EtcdDiscovery.Extensions.AspNetCore; do
  file=$(unpacked "$package")/ConfigurationSchema.json
  cmp -s "$file" "$root/src/$package/ConfigurationSchema.json" || fail "$package does not contain its ConfigurationSchema.json"
  grep -qF "\"FullPath\": \"$file\"" <<<"$segments" || fail "a project with $package does not get $file: $segments"
done

passed "Each package has its readme, icon, bill of materials, symbols, source link, schema and documentation of public members only"

cd "$temp"
dotnet tool install --tool-path "$temp/tools" EtcdDiscovery.Tool >"$temp/tool.log" 2>&1 || fail "cannot install the tool"
[ -n "$(find "$temp/tools/.store" -name sbom.cdx.json)" ] || fail "the tool has no bill of materials"

next_free_port && etcd_port=$port && next_free_port && peer_port=$port && next_free_port && app_port=$port && next_free_port && api_port=$port
client=http://127.0.0.1:$etcd_port peer=http://127.0.0.1:$peer_port
env -i ETCD_UNSUPPORTED_ARCH=arm64 "$ETCD_BIN" --data-dir "$temp/etcd" --listen-client-urls "$client" \
  --advertise-client-urls "$client" --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
  --initial-cluster "default=$peer" >"$temp/etcd.log" 2>&1 &
pids+=($!)
export EtcdDiscovery__Etcd__Endpoints__0=$client
cd "$temp/app"
ASPNETCORE_URLS=http://127.0.0.1:$app_port dotnet bin/Debug/net10.0/app.dll >"$temp/app.log" 2>&1 &
pids+=($!)
expect "$app_port" /instances/my-service '"hostname":"127.0.0.1","ports":{"http":"'"$app_port"'"}'
expect "$app_port" /healthz Healthy
passed "dotnet new web: registers, resolves itself and is healthy, as README describes"
uri=$("$temp/tools/etcd-discovery" uri my-service --endpoints "$client") || fail "the tool failed"
[ "$uri" = "http://127.0.0.1:$app_port" ] || fail "the tool found my-service at '$uri'"
passed "dotnet tool install: the tool finds the web application"

# A worker and a web API use a library that knows only IServiceResolver.
cd "$temp"
{ dotnet new classlib -n Consumer.Library -o library --no-restore && dotnet add library package EtcdDiscovery.Extensions &&
  rm library/Class1.cs && cp "$root/eng/Consumers/ServiceAddresses.cs" library &&
  dotnet new worker -n Consumer.Worker -o worker --no-restore && dotnet reference add library --project worker &&
  cp "$root/eng/Consumers/Worker.cs" worker &&
  dotnet new webapi -n Consumer.WebApi -o webapi --use-controllers --no-openapi --no-restore && dotnet reference add library --project webapi &&
  cp "$root/eng/Consumers/AddressesController.cs" webapi/Controllers && dotnet add webapi package EtcdDiscovery.Extensions.AspNetCore
} >"$temp/consumers.log" 2>&1 || fail "cannot create a library, a worker and a web API with the packages"
insert() { # FILE LINE TEXT: inserts the text before a line of the template
  grep -qF "$2" "$1" || fail "$1 has no line '$2'"
  {
    printf 'using Consumer.Library;\nusing EtcdDiscovery;\n'
    tr -d '\r' <"$1" | while IFS= read -r line; do [ "$line" != "$2" ] || printf '%s\n' "$3"; printf '%s\n' "$line"; done
  } >"$1.new"
  mv "$1.new" "$1"
}
add_library='builder.Services.AddSingleton<ServiceAddresses>();'
insert worker/Program.cs 'var host = builder.Build();' "$(block csharp 3 | sed 's/catalog/my-service/g')
$add_library"
insert webapi/Program.cs 'var app = builder.Build();' "$(block csharp 1 | grep 'Services.AddEtcdDiscovery()')
$add_library"
for project in worker webapi; do
  dotnet build "$project" -warnaserror >"$temp/$project-build.log" 2>&1 || fail "the $project does not build"
done
! grep -q 'Include="EtcdDiscovery' worker/*.csproj || fail "the worker should get the package through the library"
passed "dotnet new classlib: uses only IServiceResolver"

dotnet worker/bin/Debug/net10.0/Consumer.Worker.dll >"$temp/worker.log" 2>&1 || fail "the worker failed"
for line in "Resolved: http://127.0.0.1:$app_port" 'Called: Healthy'; do
  grep -q "^$line" "$temp/worker.log" || fail "the worker did not print '$line'"
done
passed "dotnet new worker: resolves and calls the web application"

ASPNETCORE_URLS=http://127.0.0.1:$api_port EtcdDiscovery__Service__Name=web-api \
  dotnet webapi/bin/Debug/net10.0/Consumer.WebApi.dll >"$temp/webapi.log" 2>&1 &
api=$!
pids+=("$api")
expect "$api_port" /addresses/my-service "http://127.0.0.1:$app_port"
expect "$app_port" /instances/web-api '"ports":{"http":"'"$api_port"'"}'
kill -TERM "$api"
wait "$api" || fail "the web API did not stop gracefully"
unset "pids[2]"
[ -z "$(keys web-api)" ] || fail "the web API did not delete its keys: $(keys web-api)"
passed "dotnet new webapi: its controllers resolve the web application, which resolves the web API, and it withdraws"
