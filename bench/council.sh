#!/usr/bin/env bash
# Measures a council on this machine and prints JSON: time from submission to certificate, cases a
# second when many wait, and beside both what the signatures and evaluations in them must cost here
# (bench/limits.py). For the example organisation; a few minutes.
#
#   bench/council.sh                 councils of 4, 7, 13 and 33 seats
#   bench/council.sh 4 7             these
set -euo pipefail
# shellcheck source=scripts/acceptance/lib.sh
. "$(dirname "$0")/../scripts/acceptance/lib.sh"

repeats=20 # cases one after the other
waiting=64 # cases at once
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

measure_latency() { # SEATS
    local dir=$work/council-$1 i
    council_create "$dir" "$1"
    council_start "$dir" "$1"
    for ((i = 0; i < repeats; i++)); do
        pack "$dir" "$example" "$work/case"
        submit "$dir" "$work/case" --wait >/dev/null 2>&1
        rm "$work"/case.*
    done
    council_stop "$dir"
}

# All cases wait before the first seat may work.
measure_throughput() { # SEATS
    local dir=$work/crowd i
    council_create "$dir" "$1"
    council_start "$dir" "$1"
    signal_seats "$dir" STOP
    within 20 status_is "$dir" seatsUp 0
    for ((i = 0; i < waiting; i++)); do
        pack "$dir" "$example" "$work/case"
        submit "$dir" "$work/case" >/dev/null 2>&1
        rm "$work"/case.*
    done
    date +%s%3N >"$dir/resumed"
    signal_seats "$dir" CONT
    within 300 status_is "$dir" cases.decided "$waiting"
    council_stop "$dir"
}

build
councils=("$@")
[ $# -gt 0 ] || councils=(4 7 13 33)
for seats in "${councils[@]}"; do
    measure_latency "$seats"
done
measure_throughput "${councils[-1]}"
cost_bench >"$work/cost.json"
assess_bench sealed "$example" "$evaluations" >"$work/evaluation.json"
"$python" "$root/bench/limits.py" "$work" "${councils[@]}"
