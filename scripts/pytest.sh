#!/usr/bin/env bash
# Runs pytest with the given arguments. Up to three tests that fail are run again, one after the other and with nothing
# beside them: many tests start servers and browsers and wait for them, and four workers share the machine. What passes
# only alone is named at the end, as flaky; what fails again fails the run.
set -uo pipefail
cd "$(dirname "$0")/.."
most=3
log=$(mktemp)
trap 'rm -f "$log"' EXIT

.venv/bin/pytest --cache-clear "$@" | tee "$log"
status=${PIPESTATUS[0]}
[ "$status" = 1 ] || exit "$status"
# An error is a fixture that failed: such a test counts as well. More than a few failures are no accident of timing.
mapfile -t failed < <(sed -nE 's/^(FAILED|ERROR) ([^ ]+::.*)$/\2/p' "$log" | sed -E 's/ - .*$//' | sort -u)
if [ "${#failed[@]}" -eq 0 ] || [ "${#failed[@]}" -gt "$most" ]; then
	exit "$status"
fi
printf '\nFailed, and run again alone:\n'
printf '  %s\n' "${failed[@]}"
.venv/bin/pytest -n 0 --last-failed --last-failed-no-failures none "$@" || exit $?
printf '\nFLAKY: passed only alone. Please mend:\n'
printf '  %s\n' "${failed[@]}"
