#!/usr/bin/env bash
# Has spin search model/docket.pml exhaustively: the protocol as it is, in several sizes, then with
# one rule broken at a time. One line for each search; exits 1 when what must hold does not, when a
# broken rule goes unnoticed, or when a search was cut.
#
#   scripts/model.sh              all but the large ones: about two minutes, 1 GB
#   scripts/model.sh --large      all: about a quarter of an hour, 5 GB
#   scripts/model.sh NAME...      these
#
#   AIMS_MODEL_DIR   folder for the searches and what they find (default: build/model)
#   AIMS_MODEL       the model to search (default: model/docket.pml)
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

directory=${AIMS_MODEL_DIR:-build/model}
model=$(realpath "${AIMS_MODEL:-model/docket.pml}") || exit 1
depth_max=10000 # In steps of spin; a search that wants to go deeper is cut.

# search NAME EXPECTED MEGABYTES SWITCH...: lists a search. EXPECTED is one of
#   holds      no assertion fails in any state, and no statement of the model stays unused
#   disagrees  two certificates with different values occur
#   blames     an honest seat signs what proves it guilty
#   reaches    the state of ASSERT_UNREACHED occurs, so that "holds" is about something
searches=()
names=()
search() {
    names+=("$1")
    searches+=("$*")
}

size() { echo "-DSEATS=$1 -DFAULTY=$2 -DVIEWS=$3"; }
agreement=-DASSERT_AGREEMENT
honesty=-DASSERT_HONESTY

search n4-views2 holds 2000 "$(size 4 1 2)" $agreement $honesty
search n5-views2 holds 2000 "$(size 5 1 2)" $agreement $honesty
search n4-views3 holds 2000 "$(size 4 1 3)" $agreement $honesty
search n5-views3 holds 2000 "$(size 5 1 3)" $agreement $honesty
search n6-views2 holds 2000 "$(size 6 1 2)" $agreement $honesty
search n8-views2 holds 2000 "$(size 8 2 2)" $agreement $honesty
search n4-views3-lock-late holds 2000 "$(size 4 1 3)" $agreement $honesty -DLOCK_LATE
search n4-views3-send-apart holds 2000 "$(size 4 1 3)" $agreement $honesty -DSEND_APART
search n5-views2-send-apart holds 2000 "$(size 5 1 2)" $agreement $honesty -DSEND_APART
search prepare-lost-agrees holds 2000 "$(size 4 1 2)" $agreement -DLOST=PREPARES
search n6-views2-send-apart holds 5000 "$(size 6 1 2)" $agreement $honesty -DSEND_APART
search n9-views2 holds 5000 "$(size 9 2 2)" $agreement $honesty
search prepare-lost-agrees-n5 holds 5000 "$(size 5 1 2)" $agreement -DLOST=PREPARES

search decided-late reaches 2000 "$(size 4 1 3)" -DASSERT_UNREACHED=DECIDED_LATE
search different-quorums reaches 2000 "$(size 4 1 2)" -DASSERT_UNREACHED=DIFFERENT_QUORUMS
search decided-otherwise reaches 2000 "$(size 5 1 3)" -DASSERT_UNREACHED=DECIDED_OTHERWISE

search quorum-2f1-n5 disagrees 2000 "$(size 5 1 1)" $agreement -DWRONG_QUORUM_2F1
search quorum-2f1-n6 disagrees 2000 "$(size 6 1 1)" $agreement -DWRONG_QUORUM_2F1
search quorum-2f1-n8 disagrees 2000 "$(size 8 2 1)" $agreement -DWRONG_QUORUM_2F1
search quorum-majority-n5 disagrees 2000 "$(size 5 1 1)" $agreement -DWRONG_QUORUM_MAJORITY
search quorum-majority-n8 disagrees 2000 "$(size 8 2 1)" $agreement -DWRONG_QUORUM_MAJORITY
search signatures-counted disagrees 2000 "$(size 4 1 1)" $agreement -DWRONG_COUNT_SIGNATURES
search commit-without-view disagrees 2000 "$(size 4 1 4)" $agreement -DWRONG_COMMIT_WITHOUT_VIEW
search commit-after-new-view disagrees 2000 "$(size 4 1 2)" $agreement -DWRONG_COMMIT_AFTER_NEW_VIEW
search refusal-lost disagrees 2000 "$(size 4 1 2)" $agreement -DLOST=NEW_VIEWS
search report-unsigned disagrees 2000 "$(size 4 1 2)" $agreement -DWRONG_REPORT_UNSIGNED
search proposal-unbound disagrees 2000 "$(size 4 1 2)" $agreement -DWRONG_PROPOSAL_UNBOUND
search tc-of-few disagrees 2000 "$(size 4 1 2)" $agreement -DWRONG_TC_OF_FEW
search lock-lost disagrees 2000 "$(size 4 1 2)" $agreement -DLOST=COMMITS
search lock-lost-blames blames 2000 "$(size 4 1 2)" $honesty -DLOST=COMMITS
search prepare-lost-tc-mixed disagrees 2000 "$(size 4 1 2)" $agreement -DLOST=PREPARES \
    -DWRONG_TC_MIXED
search prepare-lost-blames blames 2000 "$(size 4 1 1)" $honesty -DLOST=PREPARES

fail() {
    echo "model: $1" >&2
    exit "${2:-1}"
}

# The number that stands before WORDS in the report of the search in the current folder; 0 without.
number() { # WORDS
    local found
    found=$(sed -nE "s/^[[:space:]]*([0-9.e+]+)[[:space:]]+$1.*/\1/p" report.txt | tail -n 1)
    printf '%.0f' "${found:-0}"
}

is_cut() {
    grep -qE 'not completed|too small' report.txt ||
        ! grep -q '^Full statespace search' report.txt || ! grep -q 'errors: 0$' report.txt
}

# What the search in the current folder came to: one of the EXPECTED words, or what went wrong.
# The one statement that is never used is the end of the seat's endless loop.
outcome() { # SWITCHES
    local failed
    failed=$(grep -m 1 'assertion violated' report.txt)
    case "$failed $1" in
    *'certified&(85<<0)'*ASSERT_AGREEMENT*) echo disagrees ;;
    *'sent[s]'*ASSERT_HONESTY*) echo blames ;;
    ' '*)
        if is_cut; then
            echo cut
        elif [[ $1 == *ASSERT_UNREACHED* ]]; then
            echo 'never reached'
        elif grep -E 'of [0-9]+ states\)' report.txt | grep -qvE '\([01] of '; then
            echo 'holds, but statements stay unused'
        else
            echo holds
        fi
        ;;
    *ASSERT_UNREACHED*) echo reaches ;;
    *) echo "fails: $failed" ;;
    esac
}

# Makes the shortest counterexample that can be had: in four views any will do.
run() { # NAME EXPECTED MEGABYTES SWITCHES
    local compiler=(-O2 -w -DSAFETY -DNOREDUCE "-DMEMLIM=$3") options=("-m$depth_max" -w24) found
    if [ "$2" != holds ] && [[ $4 != *VIEWS=4* ]]; then
        compiler+=(-DREACH)
        options+=(-i)
    fi
    rm -rf "${directory:?}/$1" && mkdir -p "$directory/$1" && cd "$directory/$1" || exit 1
    cp "$model" docket.pml
    # shellcheck disable=SC2086
    if ! { spin -a $4 docket.pml && gcc "${compiler[@]}" -o pan pan.c; } >build.txt 2>&1; then
        cat build.txt >&2
        fail "spin or gcc refused the search '$1'; the files are in $PWD"
    fi
    ./pan "${options[@]}" >report.txt 2>&1
    [ ! -f docket.pml.trail ] || ./pan -r docket.pml.trail | grep '^seat' >counterexample.txt
    found=$(outcome "$4")
    printf '%-24s %10s %12s %6s %6s %8s  %s\n' "$1" "$(number 'states, stored')" \
        "$(number 'transitions')" \
        "$(sed -n 's/.*depth reached \([0-9]*\).*/\1/p' report.txt)" \
        "$(number 'total actual memory')" \
        "$(sed -n 's/.*elapsed time \([0-9.]*\).*/\1/p' report.txt)" "$found"
    [ "$found" = "$2" ] || fail "the search '$1' should say: $2; its report is $PWD/report.txt"
}

is_large=0
[ "${1:-}" != --large ] || { is_large=1 && shift; }
wanted=" $* "
for tool in spin gcc; do
    command -v $tool >/dev/null ||
        fail "$tool is not installed; scripts/setup.sh --test installs it"
done
for name in "$@"; do
    [[ " ${names[*]} " == *" $name "* ]] ||
        fail "there is no search '$name'; there are: ${names[*]}" 2
done
mkdir -p "$directory" || exit 1
directory=$(cd "$directory" && pwd)

printf '%-24s %10s %12s %6s %6s %8s  %s\n' search states transitions depth MB seconds outcome
failed=0
for search in "${searches[@]}"; do
    read -r name expected megabytes switches <<<"$search"
    if [ $# -gt 0 ]; then
        [[ $wanted == *" $name "* ]] || continue
    elif [ "$megabytes" -gt 2000 ] && [ "$is_large" -eq 0 ]; then
        continue
    fi
    (run "$name" "$expected" "$megabytes" "$switches") || failed=1
done
exit $failed
