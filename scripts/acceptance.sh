#!/usr/bin/env bash
# Shows on this machine what this project promises, one line with a figure for each point.
#
#   scripts/acceptance.sh            points 1 to 8
#   scripts/acceptance.sh protocol   points P1 to P8
#   scripts/acceptance.sh 3 4 P6     these
#
#   1  a fresh clone runs its demonstration        5  lying assessors change nothing and are named
#   2  41 real inventories are decided             6  what must be refused is refused, with a sentence
#   3  packing and submitting twice is once        7  latency and throughput beside what they must cost
#   4  killing seats and coordinator loses nothing 8  compilers, sanitizers, simulator, fuzzing
#
#   P1 known-bad variants of the protocol are found, the true one never fails
#   P2 each schedule that broke a protocol breaks its wrong variant and not ours
#   P3 more than f faulty seats: culprits are proved, nobody honest is
#   P4 the simulator's speed; the same runs under both compilers
#   P5 33 seats, ten of which lie, three coordinators, one of which lies: 200 cases
#   P6 a coordinator dies in mid-docket: the time to the certificate
#   P7 the model of one docket, searched exhaustively
#   P8 a certificate checked offline; dockets of one and of 64 cases beside what they must cost
#
#   AIMS_BIN           folder of the programs to try (default: build/release/bin, built first)
#   AIMS_DATA_DIR      folder with federal-ai-use-case-inventory-2024.csv (default: ../shared/data)
#   AIMS_CHECKS_DIR    folder with verify_certificate.py (default: ../shared/checks)
#   AIMS_SEED          number that random moments follow from (default: another one each time)
#   AIMS_FUZZ_SECONDS  for each fuzz target (default: 60)
#   AIMS_SEEDS         of the true protocol in P1 (default: 200000)
#   AIMS_CASES         in P5 (default: 200)
#   AIMS_TRIALS        in P6 (default: 10)
#   AIMS_KEEP          if set, what the points wrote is kept
set -uo pipefail
# shellcheck source=scripts/acceptance/lib.sh
. "$(dirname "$0")/acceptance/lib.sh"

data_dir=${AIMS_DATA_DIR:-$root/../shared/data}
checks_dir=${AIMS_CHECKS_DIR:-$root/../shared/checks}
example=$root/examples/meridian
seed=${AIMS_SEED:-$RANDOM}

problems=()
problem() { problems+=("$1"); }
detail() { echo "    $1"; }
skip() {
    echo "$point skipped: $1"
    exit 0
}

# Prints the line of the point and ends its shell.
conclude() { # FIGURE
    local all
    if [ ${#problems[@]} -eq 0 ]; then
        echo "$point ok: $1"
        exit 0
    fi
    all=$(printf '%s; ' "${problems[@]}")
    echo "$point FAILED: ${all%; }"
    exit 1
}

finish() {
    local job
    set +e
    trap - ERR
    for job in $(jobs -p); do
        # shellcheck disable=SC2046
        kill "$job" $(pgrep -P "$job") 2>/dev/null
    done
    stop_all
    if [ -n "${AIMS_KEEP:-}" ]; then
        echo "    kept: $work"
    else
        rm -rf "$work"
    fi
}

for part in "$parts"/point-*.sh "$parts"/protocol-*.sh; do
    # shellcheck disable=SC1090
    . "$part"
done

points=()
for point in "${@:-all}"; do
    case $point in
    all) points+=(1 2 3 4 5 6 7 8) ;;
    protocol) points+=(P1 P2 P3 P4 P5 P6 P7 P8) ;;
    *) points+=("$point") ;;
    esac
done
for point in "${points[@]}"; do
    if ! declare -F "point_$point" >/dev/null; then
        echo "acceptance: there is no point '$point'; they are 1 to 8 and P1 to P8" >&2
        exit 2
    fi
done
"$root/scripts/setup.sh" --test >/dev/null || exit 1
build || exit 1

# Bash runs a trap once the command at hand has ended, but interrupts wait.
failed=0
shell=
trap '[ -z "$shell" ] || { kill -TERM "$shell"; wait "$shell"; }; exit 1' INT TERM
for point in "${points[@]}"; do
    # A shell of its own, so that whatever a point starts ends with it. Not part of a condition: there
    # bash would not end it at the first error.
    (
        work=$(mktemp -d -t "aims-acceptance-$point-XXXXXX")
        trap finish EXIT
        trap 'exit 1' TERM
        trap 'echo "$point FAILED: ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR
        RANDOM=$seed
        set -eE
        "point_$point"
    ) &
    shell=$!
    wait "$shell" || failed=1
    shell=
done
exit "$failed"
