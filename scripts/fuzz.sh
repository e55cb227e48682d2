#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs them one after the other, each from the corpus in
# tests/fuzz/corpus. One line for each; exit 1 when any of them found something.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]     60 seconds each, all targets
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
case $seconds in
'' | *[!0-9]* | 0)
    echo "fuzz: '$seconds' is no number of seconds; usage: scripts/fuzz.sh [SECONDS [TARGET...]]" >&2
    exit 2
    ;;
esac
shift $(($# > 0))
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for source in tests/fuzz/*_fuzz.c; do
        name=${source##*/}
        targets+=("${name%_fuzz.c}")
    done
fi
for name in "${targets[@]}"; do
    [ -f "tests/fuzz/${name}_fuzz.c" ] || { echo "fuzz: there is no tests/fuzz/${name}_fuzz.c" >&2; exit 2; }
done

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/%/_fuzz}" | tail -n 1

# What a run adds to the corpus and what it finds stay in the build directory.
work=build/fuzz/work
failed=0
for name in "${targets[@]}"; do
    mkdir -p "$work/$name/corpus" "$work/$name/findings"
    log=$work/$name/log
    status=0
    build/fuzz/tests/"$name"_fuzz -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$work/$name/findings/" "$work/$name/corpus" "tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    findings=$(grep -c 'Test unit written to' "$log" || true)
    printf '%-16s %10s executions  %s findings\n' "$name" "${executions:-0}" "$findings"
    if [ "$status" -ne 0 ] || [ "$findings" -ne 0 ]; then
        failed=1
        grep -E '(CHECK failed|^SUMMARY|Test unit written to)' "$log" | head -n 5 || true
        echo "  all of it: $log; again: build/fuzz/tests/${name}_fuzz $work/$name/findings/FILE"
    fi
done
exit "$failed"
