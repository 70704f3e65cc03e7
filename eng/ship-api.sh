#!/usr/bin/env bash
# Moves the lines of each PublicAPI.Unshipped.txt to PublicAPI.Shipped.txt, for a release.
set -euo pipefail
cd "$(dirname "$0")/.."

for unshipped in src/*/PublicAPI.Unshipped.txt; do
  shipped=${unshipped%Unshipped.txt}Shipped.txt
  # A line *REMOVED*X means that X has been shipped before and is gone.
  { echo '#nullable enable'; awk '/^#nullable/ { next } { sub(/^\*REMOVED\*/, "") || !/./ ? gone[$0] : all[$0] }
    END { for (line in all) if (!(line in gone)) print line }' "$shipped" "$unshipped" | LC_ALL=C sort; } >"$shipped.new"
  mv "$shipped.new" "$shipped"
  echo '#nullable enable' >"$unshipped"
done
