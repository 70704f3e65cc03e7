#!/usr/bin/env bash
# Checks and packs a release: eng/release.sh VERSION [--tag] [--skip-tests]
#
#   (default)      a dry run: does everything except the tag
#   --tag          also creates the tag vVERSION; pushes and publishes nothing
#   --skip-tests   leaves out the tests, in a dry run only
#
# Checks that Directory.Build.props, CHANGELOG.md, README.md and the public API files are ready for VERSION. Runs the tests.
# Packs the commit twice, in two clones in different folders, and compares the bytes. The packages, their checksums and
# the release text are then in artifacts/release/VERSION. The steps of a release: docs/releasing.md.
set -euo pipefail

usage() { sed -n "2,/^set /{ /^# \{0,1\}/s///p; }" "${BASH_SOURCE[0]}"; echo; }
say() { echo "eng/release.sh: $*"; }
fail() { say "$*" >&2; exit 1; }

version='' tag=false tests=true
for argument in "$@"; do
  case $argument in
    --help | -h) usage; exit ;;
    --tag) tag=true ;;
    --skip-tests) tests=false ;;
    -*) usage >&2; exit 2 ;;
    *) [ -z "$version" ] || { usage >&2; exit 2; }; version=$argument ;;
  esac
done
[ -n "$version" ] || { usage >&2; exit 2; }
[ "$tag" = false ] || [ "$tests" = true ] || fail "--tag needs the tests: leave out --skip-tests"

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
property() { dotnet msbuild src/EtcdDiscovery.Extensions "-getProperty:$1"; }

# What a dry run may still lack, but a tag may not.
missing=()
need() { if [ "$tag" = true ]; then fail "$*"; else missing+=("$*"); fi; }

# SemVer 2.0.0 without build metadata, which NuGet ignores.
[[ $version =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$ ]] ||
  fail "'$version' is no version: write 1.2.3 or 1.2.3-rc.1"
built=$(property Version)
[ "$built" = "$version" ] || fail "Directory.Build.props has version $built, not $version: change <Version>, or release $built"

[ -z "$(git status --porcelain)" ] || fail "the work tree has changes: commit or stash them"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || fail "the tag v$version exists: a version is released once"

heading=$(grep -F "## [$version]" CHANGELOG.md) || fail "CHANGELOG.md has no section '## [$version] - $(date -u +%F)'"
notes=$(awk -v version="$version" '/^## \[/ { inside = index($0, "## [" version "]") == 1; next } inside' CHANGELOG.md)
[[ $notes =~ [^[:space:]] ]] || fail "CHANGELOG.md says nothing about $version"
[[ $heading =~ \ -\ [0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || need "CHANGELOG.md has no date for $version: write '## [$version] - $(date -u +%F)'"

named=$(sed -n 's/^Version \([0-9][^ ,]*\).*/\1/p' README.md | sed 's/\.$//')
[ "$named" = "$version" ] || fail "README.md names version '$named', not $version: change its section Status"
! grep -qiE 'not released yet|until the first release' README.md docs/*.md ||
  need "README.md or a page in docs says that there is no release: $(grep -liE 'not released yet|until the first release' README.md docs/*.md | paste -sd ' ')"

# `git tag` sorts 1.0.0-rc.1 behind 1.0.0; releases with a suffix are no baseline.
last=$(git tag --list 'v[0-9]*' --sort=-version:refname | grep -v - | head -n 1 || true)
baseline=$(property PackageValidationBaselineVersion)
if [ "v$baseline" != "${last:-v}" ]; then
  fail "the last release is ${last:-none}, but PackageValidationBaselineVersion in src/Directory.Build.props is '$baseline': make it '${last#v}'"
fi
[ -n "$last" ] || say "there is no release yet, so the public API is compared with none"

for file in src/*/PublicAPI.Unshipped.txt; do
  ! grep -qv '^#nullable enable$' "$file" || need "$file lists API that is about to be shipped: run eng/ship-api.sh and commit"
done

if [ "$tests" = true ]; then
  eng/test.sh --both --with-packages </dev/null || fail "the tests failed"
fi

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
commit=$(git rev-parse HEAD) repository=$(property RepositoryUrl)
for folder in one another; do
  # SourceLink takes the repository's address from the remote, and a branch's name would get into the package.
  git -c advice.detachedHead=false clone -q "$root" "$temp/$folder/source"
  git -C "$temp/$folder/source" checkout -q --detach "$commit"
  git -C "$temp/$folder/source" remote set-url origin "$repository"
  say "packing $version in $temp/$folder"
  "$temp/$folder/source/eng/pack.sh" "$temp/$folder/packages" -p:RestoreLockedMode=true >"$temp/$folder/log" 2>&1 ||
    { tail -n 30 "$temp/$folder/log" >&2; fail "packing failed; the end of its log is above"; }
  (cd "$temp/$folder/packages" && sha256sum -- *) >"$temp/$folder/SHA256SUMS"
done
diff "$temp/one/SHA256SUMS" "$temp/another/SHA256SUMS" >&2 ||
  fail "two packs of the same commit differ in the files above; the SDK must be 10.0.400 or later and is $(dotnet --version)"

output=artifacts/release/$version
rm -rf "$output"
mkdir -p "$output"
cp "$temp"/one/packages/* "$temp/one/SHA256SUMS" "$output"
sed '/./,$!d' <<<"$notes" >"$output/notes.md"
say "packed twice with the same bytes; packages, SHA256SUMS and notes.md are in $output"

if [ "$tag" = true ]; then
  git tag -a "v$version" -m "EtcdDiscovery.Extensions $version" "$commit"
  say "tagged $commit as v$version; docs/releasing.md says how to publish it"
else
  for text in ${missing[@]+"${missing[@]}"}; do say "before --tag: $text"; done
  say "this was a dry run: nothing is tagged"
fi
