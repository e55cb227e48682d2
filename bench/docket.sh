#!/usr/bin/env bash
# Measures dockets of one and of 64 cases in a council of 33, and the check of a certificate, and prints
# JSON: time from submission to certificate, cases a second, and beside both what the signatures and
# evaluations in a docket must cost here (bench/dockets.py). A few minutes.
#
#   bench/docket.sh             20 dockets of one case, 5 of 64
#   bench/docket.sh 3 1         so many of each
set -euo pipefail
# shellcheck source=scripts/acceptance/lib.sh
. "$(dirname "$0")/../scripts/acceptance/lib.sh"

seats=33
evaluations=200
example=$root/examples/meridian
work=$(mktemp -d -t aims-bench-XXXXXX)
trap 'stop_all; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

signal_seats() { # DIR SIGNAL
    local name
    for name in "${!process[@]}"; do
        [[ $name != "$1"/seat-* ]] || kill "-$2" "${process[$name]}"
    done
}

# Has dockets of CASES cases decided, REPEATS of them, one after the other. All cases of a docket wait
# before the first seat may work; when that is, goes to DIR/began, milliseconds.
measure() { # CASES REPEATS
    local dir=$work/dockets-$1 i j
    council_create "$dir" "$seats"
    council_start "$dir" "$seats"
    for ((i = 0; i < $2; i++)); do
        [ "$1" -eq 1 ] || { signal_seats "$dir" STOP; within 20 status_is "$dir" seatsUp 0; }
        for ((j = 0; j < $1; j++)); do
            rm -f "$work"/case.*
            pack "$dir" "$example" "$work/case"
            [ "$1" -gt 1 ] || date +%s%3N >>"$dir/began"
            submit "$dir" "$work/case" >/dev/null 2>&1
        done
        [ "$1" -eq 1 ] || { date +%s%3N >>"$dir/began"; signal_seats "$dir" CONT; }
        within 300 status_is "$dir" cases.decided $(($1 * (i + 1)))
    done
    submit_and_wait "$dir" "$work/case" "$dir/result"
    certificate_bench "$dir/result/certificate.json" "$dir/roster.json" >"$work/certificate-$1.json"
    council_stop "$dir"
}

build
measure 1 "${1:-20}"
measure 64 "${2:-5}"
cost_bench >"$work/cost.json"
assess_bench sealed "$example" "$evaluations" >"$work/evaluation.json"
"$python" "$root/bench/dockets.py" "$work" "$seats"
