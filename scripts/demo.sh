#!/usr/bin/env bash
# Builds everything, runs a council of 33 assessors and three coordinators on this machine, has it
# decide on the example organisation, and checks the certificate offline.
#
#   scripts/demo.sh [DIR]     DIR: where the council and the results go (default: a new folder)
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:-$(mktemp -d -t aims-demo-XXXXXX)}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if [ -n "$(ls -A "$dir")" ]; then
    echo "demo: '$dir' is not empty; name a new folder" >&2
    exit 2
fi

cd "$source_dir"
scripts/setup.sh
echo "demo: building (log: $dir/build.log)"
if ! { cmake --preset release && cmake --build --preset release -j "$(nproc)"; } >"$dir/build.log" 2>&1; then
    grep -E 'error|Error' "$dir/build.log" | head -n 20 >&2 || tail -n 20 "$dir/build.log" >&2
    echo "demo: the build failed; all of it is in $dir/build.log" >&2
    exit 1
fi
PATH="$source_dir/build/release/bin:$PATH"

council=
stop() {
    if [ -n "$council" ] && kill -0 "$council" 2>/dev/null; then
        kill -TERM "$council"
        wait "$council" || true
        echo "demo: everything that was started has been stopped"
    fi
}
trap stop EXIT

echo "demo: creating a council of 33 seats and 3 coordinators in $dir/council"
aims council create "$dir/council" --seats 33 --coordinators 3 --name "Demonstration council" >/dev/null
cp "$dir/council/roster.json" "$dir/council/keyring.json" "$dir/"

echo "demo: starting it"
aims council run "$dir/council" --ready-file "$dir/council/ready" >"$dir/council.log" 2>&1 &
council=$!
deadline=$((SECONDS + 60))
until [ -e "$dir/council/ready" ]; do
    if ! kill -0 "$council" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
        tail -n 20 "$dir/council.log" >&2
        echo "demo: the council did not come up; see $dir/council.log and $dir/council/logs" >&2
        exit 1
    fi
    read -r -t 0.1 <> <(:) || true
done
running=0
for pid in $(sed -n 's/.*"seat-[0-9]*": *\([0-9]*\).*/\1/p' "$dir/council/run.json"); do
    kill -0 "$pid" 2>/dev/null && running=$((running + 1))
done
echo "demo: $running assessors are running, each with its own key"

echo "demo: packing the example organisation"
aims key create "$dir/submitter.seed"
aims pack examples/meridian -o "$dir/bundle.aims" --key "$dir/submitter.seed" --roster "$dir/roster.json"

echo "demo: submitting it"
status=0
aims submit "$dir/bundle.aims" --key "$dir/submitter.seed" --roster "$dir/roster.json" \
    --council "$dir/council" --wait --out "$dir" || status=$?
[ "$status" -eq 0 ] || { echo "demo: aims submit ended with $status" >&2; exit "$status"; }

echo "demo: verifying the certificate offline, with the roster alone"
aims verify "$dir/certificate.json" --roster "$dir/roster.json" --report "$dir/report.json" --bundle "$dir/bundle.aims"
echo
echo "demo: look into $dir: report.json certificate.json keyring.json roster.json bundle.aims"
echo "demo: for the whole report: $source_dir/build/release/bin/aims report $dir/report.json"
