# The simulator's speed, and the same runs under gcc and clang, without optimisation and with it.

# Prints the hash of the results of SEEDS as COMPILER makes them with FLAGS; each row has its run's hash.
hash_runs() { # COMPILER FLAGS SEEDS
    local folder=$work/$1$2
    cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_C_COMPILER="$1" -DCMAKE_C_FLAGS="$2" \
        -DCMAKE_BUILD_TYPE=None -DBUILD_TESTING=OFF >"$work/build.log" 2>&1 || return 1
    cmake --build "$folder" -j 2 --target aims-sim >>"$work/build.log" 2>&1 || return 1
    "$folder/bin/aims-sim" sweep mixed --seeds "$3" -o "$folder/runs.csv" >/dev/null 2>&1 || return 1
    sha256sum <"$folder/runs.csv"
}

point_P4() {
    local compiler flags hash first='' said seeds=1..500
    build_for_tests sim_bench aims-sim
    sim_bench >"$work/bench.json"
    said=$("$python" - "$work/bench.json" <<'END'
import json, sys
councils = json.load(open(sys.argv[1]))["councils"]
for row in councils:
    print("    %(seats)d seats, %(coordinators)d coordinators: %(messages_per_s).0f messages a second, %(runs_per_s).0f runs" % row)
large = [row for row in councils if row["seats"] == 33]
least = min(row["messages_per_s"] for row in large)
print("%.1f million messages a second and core at 33 seats (1 wanted); 10,000 runs there take %.0f s of a core"
      % (least / 1e6, 10000 / min(row["runs_per_s"] for row in large)))
sys.exit(0 if least >= 1e6 else 1)
END
    ) || problem "$(tail -n 1 <<<"$said")"
    sed '$d' <<<"$said"
    for compiler in gcc clang; do
        for flags in -O0 -O2; do
            if ! hash=$(hash_runs "$compiler" "$flags" "$seeds"); then
                problem "$compiler $flags cannot make the runs: $(tail -n 1 "$work/build.log")"
                continue
            fi
            detail "$compiler $flags: ${hash%% *}"
            [ "${first:=$hash}" = "$hash" ] || problem "$compiler $flags makes other runs"
        done
    done
    conclude "$(tail -n 1 <<<"$said"); seeds $seeds give the same runs under both compilers, -O0 and -O2"
}
