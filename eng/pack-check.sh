#!/usr/bin/env bash
# Packs the library and follows the steps of README with the packages, against a real etcd.
set -euo pipefail

. "$(dirname "$0")/loopback.sh"
. "$(dirname "$0")/with-etcd.sh"
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
expect() { # PATH TEXT: waits up to 30 s for a response that contains the text
  local end=$((SECONDS + 30))
  until case $(http_get "$app_port" "$1") in *"$2"*) true ;; *) false ;; esac do
    [ "$SECONDS" -lt "$end" ] || fail "GET $1 did not return '$2' within 30 s"
    sleep 0.1
  done
}

# The library is last.
libraries="EtcdDiscovery.Extensions.AspNetCore EtcdDiscovery.Extensions.ServiceDiscovery EtcdDiscovery.Extensions.Testing
  EtcdDiscovery.Extensions.Testing.Xunit EtcdDiscovery.Extensions"
for project in $libraries EtcdDiscovery.Tool; do
  dotnet pack "$root/src/$project" -c Release -o "$temp/feed" >>"$temp/pack.log" 2>&1 || fail "cannot pack $project"
done

# The user's cache serves as a fallback, so that nothing is downloaded twice. The packages under test do not get into it.
NUGET_FALLBACK_PACKAGES=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')
export NUGET_FALLBACK_PACKAGES NUGET_PACKAGES=$temp/packages
mkdir "$temp/app"
cd "$temp/app"
echo '<configuration><packageSources><add key="checked" value="../feed" /></packageSources></configuration>' >nuget.config
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
cp ../app/nuget.config "$root/tests/EtcdDiscovery.Extensions.Testing.Tests"/{FakeServiceResolverTests,RecordingWeb,Stores/LogStore,Stores/LogStoreConformance}.cs .
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

for package in $libraries; do
  cd "$temp/packages/$(tr '[:upper:]' '[:lower:]' <<<"$package")"/*
  for file in README.md icon.png "lib/net10.0/$package.xml"; do [ -s "$file" ] || fail "$file is not in $package"; done
  for element in '<license type="expression">MIT<' '<projectUrl>https://' '<repository type="git" url="https://' '<icon>icon.png<'; do
    grep -q "$element" ./*.nuspec || fail "the nuspec of $package has no $element"
  done
  grep -aq "lib/net10.0/$package.pdb" "$temp/feed/$package".[0-9]*.snupkg || fail "$package has no symbols"

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
dependencies=$(sed -n 's/.*<dependency id="\([^"]*\)".*/\1/p' ./*.nuspec | sort | tr '\n' ' ')
# Only the dependencies that the guide lists: no build tool and no analyzer.
[ "$(wc -w <<<"$dependencies")" -eq 7 ] || fail "the package depends on: $dependencies"
for package in $dependencies; do
  grep -q "\`$package\`" "$root/docs/getting-started.md" || fail "docs/getting-started.md does not name $package"
done

cd "$temp/app"
dotnet tool install --tool-path "$temp/tools" EtcdDiscovery.Tool >"$temp/tool.log" 2>&1 || fail "cannot install the tool"

next_free_port && etcd_port=$port && next_free_port && peer_port=$port && next_free_port && app_port=$port
client=http://127.0.0.1:$etcd_port peer=http://127.0.0.1:$peer_port
env -i ETCD_UNSUPPORTED_ARCH=arm64 "$ETCD_BIN" --data-dir "$temp/etcd" --listen-client-urls "$client" \
  --advertise-client-urls "$client" --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
  --initial-cluster "default=$peer" >"$temp/etcd.log" 2>&1 &
pids+=($!)
cd "$temp/app"
ASPNETCORE_URLS=http://127.0.0.1:$app_port EtcdDiscovery__Etcd__Endpoints__0=$client \
  dotnet bin/Debug/net10.0/app.dll >"$temp/app.log" 2>&1 &
pids+=($!)
expect /instances/my-service '"hostname":"127.0.0.1","ports":{"http":"'"$app_port"'"}'
expect /healthz Healthy
uri=$("$temp/tools/etcd-discovery" uri my-service --endpoints "$client") || fail "the tool failed"
[ "$uri" = "http://127.0.0.1:$app_port" ] || fail "the tool found my-service at '$uri'"
echo "The packages work as README describes: $(basename -a "$temp"/feed/*.nupkg | tr '\n' ' ')"
