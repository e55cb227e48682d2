# A certificate checked offline; dockets of one and of 64 cases beside what they must cost here.

point_P8() {
    local said
    "$root/bench/docket.sh" >"$work/bench.json"
    said=$("$python" - "$work/bench.json" <<'END'
import json, sys
bench = json.load(open(sys.argv[1]))
for row in bench["dockets"]:
    print("    %(cases)d cases, %(seats)d seats: p50 %(p50Ms)d ms, %(casesPerSecond).1f cases a second;"
          " limit %(limitMs).0f ms, %(limitCasesPerSecond).1f; ratio %(ratio).1f" % row)
checks = {cases: us / 1000 for cases, us in bench["certificateUs"].items()}
print("a certificate of %s signatures is checked in %s ms (one case: 5.0 allowed); %s"
      % (bench["signers"]["1"], " and ".join("%.2f (%s cases)" % (ms, n) for n, ms in checks.items()),
         "; ".join("docket of %(cases)d: p50 %(p50Ms)d ms, ratio %(ratio).1f" % row for row in bench["dockets"])))
sys.exit(0 if checks["1"] <= 5 else 1)
END
    ) || problem "$(tail -n 1 <<<"$said")"
    sed '$d' <<<"$said"
    conclude "$(tail -n 1 <<<"$said")"
}
