#!/usr/bin/env bash
# scripts/model.sh must notice what it is there for: each case changes the model or the surroundings
# and names the sentence it proves, the exit code, a part of what is said, and the search.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d -t aims-model-XXXXXX)
trap 'rm -rf "$work"' EXIT
export AIMS_MODEL_DIR=$work/searches AIMS_MODEL=$work/model.pml
failed=0

# The model with one change, which must apply.
change() { # SED-SCRIPT
    sed "$1" "$root/model/docket.pml" >"$AIMS_MODEL"
    if cmp -s "$root/model/docket.pml" "$AIMS_MODEL"; then
        echo "runner: the change '$1' does not apply to model/docket.pml" >&2
        exit 1
    fi
}

expect() { # SENTENCE CODE WORDS ARGUMENT...
    local sentence=$1 code=$2 words=$3 output status=0
    shift 3
    output=$("$root/scripts/model.sh" "$@" 2>&1) || status=$?
    if [ "$status" -eq "$code" ] && [[ $output == *"$words"* ]]; then
        echo "ok: $sentence"
    else
        echo "FAILED: $sentence: exit $status, wanted $code and '$words'; it said:" >&2
        echo "$output" >&2
        failed=1
    fi
}

change 's/(SEATS + FAULTY) \/ 2 + 1/(SEATS + FAULTY) \/ 2/'
expect 'a protocol that does not agree fails' 1 'disagrees' n4-views3

change 's/ && !(KEPT(s) & NEW_VIEWS_ABOVE(v)))$/)/'
expect 'a seat that votes in a view it gave up is to blame' 1 'blames' n5-views2-send-apart

change 's/WRONG_REPORT_UNSIGNED/NEVER_DEFINED/'
expect 'a broken rule that goes unnoticed fails' 1 'holds' report-unsigned

change 's/LOST) -> d_step/LOST) \&\& false -> d_step/'
expect 'a step that can never be taken fails' 1 'unused' prepare-lost-agrees

change 's/WRONG_COUNT_SIGNATURES/NEVER_DEFINED/; s/^byte certified;/int steps; &/
    s/^    od$/    :: atomic { s == 0 \&\& steps < 30000 -> steps++ } od/'
expect 'a search that is cut fails' 1 'cut' signatures-counted

change 's/^proctype seat/proctype proctype seat/'
expect 'a model that spin does not understand fails' 1 'refused' signatures-counted

unset AIMS_MODEL
expect 'a search that does not exist is refused' 2 "no search 'n3'" n3

mkdir "$work/bin"
for tool in bash dirname realpath; do
    ln -s "$(command -v $tool)" "$work/bin/$tool"
done
PATH=$work/bin expect 'without spin nothing passes' 1 'spin is not installed'

exit $failed
