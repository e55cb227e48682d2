#!/usr/bin/python3
"""Puts what dockets took beside what they had to do; called by bench/docket.sh.

usage: dockets.py WORK SEATS

WORK holds dockets-1/ and dockets-64/ (stopped councils, with the file `began`), certificate-*.json,
cost.json and evaluation.json. What must be done, and what it costs, is in limits.py.
"""
import json
import pathlib
import sys

import limits


def times(council):
    """Milliseconds from the start of each docket to its certificate."""
    began = [int(line) for line in (council / "began").read_text().split()]
    decided = [ms for ms, in limits.rows(council, "SELECT decided_at FROM certificates")]
    ends = began[1:] + [max(decided) + 1]
    return [max(ms for ms in decided if start <= ms < end) - start
            for start, end in zip(began, ends)]


def row(work, n, cases, cost):
    found = times(work / ("dockets-%d" % cases))
    p50, limit = limits.percentile(found, 50), limits.limit_us(n, cases, cost) / 1000
    return {"seats": n, "cases": cases, "dockets": len(found), "p50Ms": p50,
            "signaturesMade": limits.signatures_made(n),
            "signaturesVerified": limits.signatures_verified(n, cases),
            "limitMs": round(limit, 1), "ratio": round(p50 / limit, 2),
            "casesPerSecond": round(cases * 1000 / p50, 2),
            "limitCasesPerSecond": round(cases * 1000 / limit, 2)}


def main():
    work, n = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    cost = limits.costs(work)
    certificates = {cases: json.loads((work / ("certificate-%d.json" % cases)).read_text())
                    for cases in (1, 64)}
    print(json.dumps({
        "costUs": cost,
        "certificateUs": {cases: found["p50"] for cases, found in certificates.items()},
        "signers": {cases: found["signers"] for cases, found in certificates.items()},
        "dockets": [row(work, n, cases, cost) for cases in (1, 64)],
    }, indent=2))


main()
