# Latency and throughput of councils, beside what their signatures and evaluations must cost here.

point_7() {
    local said
    "$root/bench/council.sh" >"$work/bench.json"
    said=$("$python" - "$work/bench.json" <<'END'
import json, sys
bench = json.load(open(sys.argv[1]))
for row in bench["latency"]:
    print("    %(seats)d seats: p50 %(p50Ms)d ms, p99 %(p99Ms)d ms; limit %(limitMs).0f ms, ratio %(ratio).1f" % row)
print("    %(cases)d cases at once, %(seats)d seats: %(casesPerSecond).1f a second;"
      " limit %(limitCasesPerSecond).1f, ratio %(ratio).1f" % bench["throughput"])
latency, speed = bench["latency"][-1]["p50Ms"], bench["throughput"]["casesPerSecond"]
evaluation = bench["evaluation"]["total"]["p50"] / 1000
print("a bundle takes %.1f ms of processor time (3.0 wanted); p50 %d ms (500 wanted);"
      " %.1f cases a second (15.0 wanted)" % (evaluation, latency, speed))
sys.exit(0 if evaluation <= 3 and latency <= 500 and speed >= 15 else 1)
END
    ) || problem "$(tail -n 1 <<<"$said")"
    sed '$d' <<<"$said"
    conclude "$(tail -n 1 <<<"$said")"
}
