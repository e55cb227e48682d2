# With more than f and fewer than q faulty seats two certificates prove 2q - n culprits and nobody honest.

point_P3() {
    local said
    build_for_tests aims-sim
    said=$(aims-sim gate --accountability-seeds 20000 2>"$work/sim.log") || problem "$(head -n 1 "$work/sim.log")"
    conclude "$said"
}
