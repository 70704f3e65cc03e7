# shellcheck shell=bash
# Sourced by scripts whose checks eng/test.sh counts. It sets CHECK_RESULTS to a file that gets a line for each check.

passed() { record passed "$* ($((SECONDS - ended)) s)"; } # says how long the check took
skipped() { record skipped "Skipped: $*"; }

ended=0
record() { # RESULT TEXT
  ended=$SECONDS
  echo "$2"
  [ -z "${CHECK_RESULTS:-}" ] || echo "$1" >>"$CHECK_RESULTS"
}
