# shellcheck shell=bash
# Sourced by scripts whose checks eng/test.sh counts. It sets CHECK_RESULTS to a file that gets a line for each check.

passed() { record passed "$*"; }
skipped() { record skipped "Skipped: $*"; }

record() { # RESULT TEXT
  echo "$2"
  [ -z "${CHECK_RESULTS:-}" ] || echo "$1" >>"$CHECK_RESULTS"
}
