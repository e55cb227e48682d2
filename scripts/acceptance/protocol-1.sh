# The simulator catches every known-bad variant of the protocol, and nothing fails in the true one.

point_P1() {
    local seeds=${AIMS_SEEDS:-200000} said
    build_for_tests aims-sim aims-sim-flawed
    aims-sim gate >"$work/gate.txt" 2>"$work/gate.log" || problem "a known-bad variant survives: $(tail -n 1 "$work/gate.log")"
    sed 's/^/    /' "$work/gate.txt"
    said=$(aims-sim gate --true-seeds "$seeds" 2>"$work/true.log") || problem "the true protocol: $(head -n 1 "$work/true.log")"
    conclude "every known-bad variant is found; true protocol: $said"
}
