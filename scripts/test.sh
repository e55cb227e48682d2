#!/usr/bin/env bash
# Installs what the tests need, builds with sanitizers and runs all tests.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --test
jobs=$(nproc)

echo "test: building (gcc, AddressSanitizer, UndefinedBehaviorSanitizer, warnings are errors)"
cmake --preset dev >/dev/null
cmake --build --preset dev -j "$jobs" | tail -n 1

echo "test: building with clang, warnings are errors"
cmake --preset clang >/dev/null
cmake --build --preset clang -j "$jobs" | tail -n 1

echo "test: running"
ctest --preset dev -j "$jobs" 2>&1

echo "test: the same seeds under gcc and clang"
sweeps() { "build/$1/tests/sim_cluster_test" 2>/dev/null | grep '^sweep'; }
gcc_sweeps=$(sweeps dev)
clang_sweeps=$(sweeps clang)
if [ -z "$gcc_sweeps" ] || [ "$gcc_sweeps" != "$clang_sweeps" ]; then
    diff <(echo "$gcc_sweeps") <(echo "$clang_sweeps") >&2 || true
    echo "test: gcc and clang disagree on a run of the simulator" >&2
    exit 1
fi
echo "test: $(echo "$gcc_sweeps" | wc -l) sweeps are the same"
echo "test: all passed"
