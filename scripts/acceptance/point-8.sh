# Two compilers without a warning, all tests under sanitizers, the simulator alike under both, fuzzing.

point_8() {
    local tests sweeps targets found failure seconds=${AIMS_FUZZ_SECONDS:-60}
    # Warnings are errors in both builds that this makes.
    if ! "$root/scripts/test.sh" >"$work/test.log" 2>&1; then
        failure=$(grep -E 'error:|FAILED|\*\*\*Failed|disagree' "$work/test.log" | head -n 3 | tr -s ' \n' ' ')
        problem "scripts/test.sh: $failure"
    fi
    tests=$(grep -o '[0-9]*% tests passed.*' "$work/test.log" || echo "no test was run")
    detail "gcc and clang, warnings as errors; AddressSanitizer and UndefinedBehaviorSanitizer: $tests"

    sweeps=$("$root/build/dev/tests/sim_world_test" 2>/dev/null | grep -c '^sweep' || true)
    [ "$sweeps" -gt 0 ] || problem "the simulator shows no sweeps"
    detail "$sweeps sweeps of the simulator, the same under gcc and clang"

    if ! "$root/scripts/fuzz.sh" "$seconds" >"$work/fuzz.log" 2>&1; then
        problem "scripts/fuzz.sh: $(tail -n 1 "$work/fuzz.log")"
    fi
    targets=$(find "$root/tests/fuzz" -name '*_fuzz.c' | wc -l)
    found=$(grep -c 'executions' "$work/fuzz.log" || true)
    [ "$found" -eq "$targets" ] || problem "$found of $targets fuzz targets ran"
    sed -n 's/^/    /; /executions/p' "$work/fuzz.log"
    conclude "$tests; $sweeps sweeps alike; $targets fuzz targets, $seconds s each"
}
