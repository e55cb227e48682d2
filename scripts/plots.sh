#!/usr/bin/env bash
# Makes every plot of docs/SIMULATOR.md anew, from fixed seeds, and says how long each took. Needs a
# release build and gnuplot.
#
#   scripts/plots.sh            into docs/plots
#   scripts/plots.sh DIR        into DIR; the sweeps' CSV files stay in DIR/csv
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-docs/plots}
program=${AIMS_SIM:-build/release/bin/aims-sim}
[ -x "$program" ] || { echo "plots: $program is not built; cmake --preset release && cmake --build --preset release" >&2; exit 1; }
command -v gnuplot >/dev/null || { echo "plots: gnuplot is not installed; apt-get install gnuplot-nox" >&2; exit 1; }

if [ $# -gt 0 ]; then
    csv=$out/csv
    mkdir -p "$csv"
else
    csv=$(mktemp -d)
    trap 'rm -rf "$csv"' EXIT
fi
mkdir -p "$out"

# plot SCENARIO KIND SEEDS: seeds are a multiple of the scenario's combinations of `every`.
plot() {
    local start=$SECONDS
    rm -f "$csv/$1.csv"
    "$program" sweep "examples/scenarios/$1.yaml" --seeds "0..$(($3 - 1))" -o "$csv/$1.csv"
    "$program" plot "$csv/$1.csv" --kind "$2" -o "$csv/$2.svg"
    mv "$csv/$2.svg" "$out/$2.svg"
    echo "plots: $2 from $1.yaml, seeds 0..$(($3 - 1)), $((SECONDS - start)) s"
}

plot findings findings 10200    # 34 numbers x 6 strategies x 50 seeds
plot domain domain 1300         # 13 sizes x 100
plot latency latency 1800       # 9 sizes x 2 x 100
plot loss loss 2000             # 2 sizes x 10 chances x 100
plot views views 2000           # 4 numbers x 5 strategies x 100
plot censor censor 1400         # 14 numbers x 5 x 20
plot traffic traffic 180        # 9 sizes x 2 x 10
plot types types 90             # 9 sizes x 10
plot throughput throughput 160  # 8 numbers x 2 sizes x 10
