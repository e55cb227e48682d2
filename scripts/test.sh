#!/usr/bin/env bash
# Installs what the tests need, builds with sanitizers and runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --test
jobs=$(nproc)

# build PRESET: configures and builds, and says what failed if it did.
build() {
    local log
    log=$(mktemp)
    if ! { cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"; } >"$log" 2>&1; then
        grep -A 3 -E 'error|Error|FAILED' "$log" | head -n 40 >&2 || tail -n 20 "$log" >&2
        echo "test: the build '$1' failed; the whole log is in $log" >&2
        exit 1
    fi
    rm -f "$log"
}

echo "test: building with gcc, AddressSanitizer and UndefinedBehaviorSanitizer; warnings are errors"
build dev
echo "test: building with clang; warnings are errors"
build clang

echo "test: running"
ctest --preset dev -j "$jobs" 2>&1

echo "test: the same seeds under gcc (not optimised) and clang (optimised)"
sweeps() { "build/$1/tests/sim_world_test" 2>/dev/null | grep '^sweep'; }
gcc_sweeps=$(sweeps dev)
clang_sweeps=$(sweeps clang)
if [ -z "$gcc_sweeps" ] || [ "$gcc_sweeps" != "$clang_sweeps" ]; then
    diff <(echo "$gcc_sweeps") <(echo "$clang_sweeps") >&2 || true
    echo "test: gcc and clang disagree on a run of the simulator" >&2
    exit 1
fi
echo "test: $(echo "$gcc_sweeps" | wc -l) sweeps are the same"
echo "test: all passed"
