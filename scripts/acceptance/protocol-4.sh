# The simulator's speed, and the same runs under gcc and clang, without optimisation and with it.

# Prints the hashes of the runs of SEEDS as COMPILER makes them with FLAGS.
hash_runs() { # COMPILER FLAGS SEEDS
    local folder=$work/$1$2
    cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_C_COMPILER="$1" -DCMAKE_BUILD_TYPE=None \
        -DCMAKE_C_FLAGS="$2" -DBUILD_TESTING=OFF >"$work/build.log" 2>&1 &&
        cmake --build "$folder" -j 2 --target aims-sim >>"$work/build.log" 2>&1 || return 1
    "$folder/bin/aims-sim" sweep mixed --seeds "$3" -o "$folder/runs.csv" >/dev/null 2>&1 || return 1
    sha256sum <"$folder/runs.csv"
}

point_P4() {
    local compiler flags hash first= seeds=1..500
    build_for_tests sim_bench
    sim_bench >"$work/bench.json"
    for compiler in gcc clang; do
        for flags in -O0 -O2; do
            hash=$(hash_runs "$compiler" "$flags" "$seeds") || { problem "$compiler $flags cannot make the runs"; continue; }
            detail "$compiler $flags: ${hash%% *}"
            [ "${first:=$hash}" = "$hash" ] || problem "$compiler $flags makes other runs"
        done
    done
    conclude "$(cat "$work/bench.json"); runs $seeds are the same under both compilers, -O0 and -O2"
}
