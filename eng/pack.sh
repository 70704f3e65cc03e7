#!/usr/bin/env bash
# Packs every project in src/ into a folder: eng/pack.sh FOLDER [arguments for dotnet pack, such as -p:PackageVersion=1.2.3]
#
# Each package contains its bill of materials, sbom.cdx.json. Packs of one commit have the same bytes in any folder, given
# the same SDK (10.0.400 or later): paths are mapped, and all times are the time of the commit.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: eng/pack.sh FOLDER [arguments for dotnet pack]" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

dotnet tool restore
for project in src/*/*.csproj; do
  dotnet pack "$project" -c Release -p:ContinuousIntegrationBuild=true -p:PackSbom=true -o "$folder" "$@"
done
