#!/usr/bin/python3
"""Puts what a council took beside what it had to do; called by bench/council.sh.

usage: limits.py WORK SEATS...

WORK holds council-SEATS/ and crowd/ (stopped councils), cost.json and evaluation.json. The limit of a
docket is the processor time of its signatures and evaluations, spread over all cores; everything
else (messages, hashing, stores, waiting for the slowest) is what the ratio shows.
"""
import json
import os
import pathlib
import sqlite3
import sys


def quorum(n):
    f = (n - 1) // 3
    return (n + f) // 2 + 1


def signatures_made(n):
    """By the council for one docket: docket and PROPOSE; verdict, PREPARE and COMMIT of each seat."""
    return 2 + 3 * n


def signatures_verified(n, cases):
    """For one docket of CASES in view 1, when all seats take part.

    Coordinator: its docket and the headers in it; the verdicts as they come, again when the book is
    made, and again with PROPOSE when that is read back; the PREPAREs; the COMMITs. Each seat: docket
    and headers; PROPOSE twice and the book; the quorum certificate; the certificate; the header of
    each bundle in the agent and again in the assessor.
    """
    coordinator = (1 + cases) + n + n + (1 + n) + n + n
    seat = (1 + cases) + (2 + n) + quorum(n) + n + 2 * cases
    return coordinator + n * seat


def limit_us(n, cases, cost):
    """And each seat evaluates each case, and one of them once more for the working papers."""
    return (signatures_made(n) * cost["sign"] + signatures_verified(n, cases) * cost["verify"]
            + (n + 1) * cases * cost["evaluation"]) / cost["cores"]


def rows(council, query):
    store = sqlite3.connect(council / "coordinators/0/coordinator.db")
    found = store.execute(query).fetchall()
    store.close()
    return found


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def latency(work, n, cost):
    council = work / ("council-%d" % n)
    times = [ms for ms, in rows(council, "SELECT decided_at - received_at FROM submissions JOIN"
                                         " hearings USING (case_id) JOIN certificates USING (docket)")]
    p50, limit = percentile(times, 50), limit_us(n, 1, cost) / 1000
    return {"seats": n, "cases": len(times), "p50Ms": p50, "p99Ms": percentile(times, 99),
            "signaturesMade": signatures_made(n), "signaturesVerified": signatures_verified(n, 1),
            "limitMs": round(limit, 1), "ratio": round(p50 / limit, 2)}


def throughput(work, n, cost):
    council = work / "crowd"
    resumed = int((council / "resumed").read_text())
    dockets = [count for count, in rows(council, "SELECT count(*) FROM hearings GROUP BY docket")]
    (last,), = rows(council, "SELECT max(decided_at) FROM certificates")
    limit = sum(limit_us(n, cases, cost) for cases in dockets) / 1e6
    took = (last - resumed) / 1000
    return {"seats": n, "cases": sum(dockets), "dockets": len(dockets), "seconds": round(took, 2),
            "casesPerSecond": round(sum(dockets) / took, 1),
            "limitCasesPerSecond": round(sum(dockets) / limit, 1), "ratio": round(took / limit, 2)}


def costs(work):
    """Microseconds of processor time."""
    signature = json.loads((work / "cost.json").read_text())
    evaluation = json.loads((work / "evaluation.json").read_text())
    return {"sign": signature["sign"]["p50"], "verify": signature["verify"]["p50"],
            "evaluation": evaluation["total"]["p50"], "cores": os.cpu_count()}


def main():
    work, councils = pathlib.Path(sys.argv[1]), [int(n) for n in sys.argv[2:]]
    cost = costs(work)
    evaluation = json.loads((work / "evaluation.json").read_text())
    print(json.dumps({
        "costUs": cost,
        "evaluation": {key: evaluation[key] for key in ("open", "load", "run", "digests", "total")},
        "latency": [latency(work, n, cost) for n in councils],
        "throughput": throughput(work, councils[-1], cost),
    }, indent=2))


if __name__ == "__main__":
    main()
