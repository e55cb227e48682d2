# The schedules that broke protocols, written out.

point_P2() {
    local tests
    build_for_tests sim_schedules_test
    "$bin/../tests/sim_schedules_test" >"$work/schedules.txt" 2>&1 || problem "$(grep -m 1 FAILED "$work/schedules.txt")"
    sed -n 's/^\[ *OK *\] /    /p' "$work/schedules.txt" | tr _ ' '
    tests=$(grep -c '^\[ *OK *\]' "$work/schedules.txt" || true)
    [ "$tests" -gt 0 ] || problem "no schedule was tried"
    conclude "$tests schedules do what they should, each under ours and under its wrong variant"
}
