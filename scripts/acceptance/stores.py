#!/usr/bin/python3
"""Asks the stores of a stopped council whether every case was decided, and decided once.

usage: stores.py COUNCIL CASES

COUNCIL is its folder, CASES the number of cases that were submitted. Prints what was counted; exit 1
when a case is missing or undecided, is in two dockets, or when any two stores disagree.
"""
import pathlib
import sqlite3
import sys


def rows(path, query):
    store = sqlite3.connect(path)
    found = store.execute(query).fetchall()
    store.close()
    return found


def check_seat(path, certified, problems):
    """One seat's votes and certificates beside what the coordinator certified."""
    kept = rows(path, "SELECT docket, value FROM certificate")
    for docket, value in kept:
        if certified.get(docket) != value:
            problems.append("%s certified another value" % path.parent.name)
    for docket, values in rows(path, "SELECT docket, count(DISTINCT value) FROM vote GROUP BY docket"):
        if values != 1:
            problems.append("%s voted for %d values" % (path.parent.name, values))
    twice = rows(path, "SELECT case_id FROM binding WHERE is_assessed GROUP BY case_id, attempt"
                       " HAVING count(*) > 1")
    if twice:
        problems.append("%s assessed %d cases twice" % (path.parent.name, len(twice)))
    return len(kept)


def main():
    council, cases = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    coordinator = council / "coordinators/0/coordinator.db"
    problems = []
    (hearings, distinct, decided), = rows(
        coordinator, "SELECT count(*), count(DISTINCT case_id), sum(outcome IS NOT NULL) FROM hearings")
    certified = dict(rows(coordinator, "SELECT docket, value FROM certificates"))
    if (hearings, distinct, decided) != (cases, cases, cases):
        problems.append("%d submitted, %d kept of %d cases, %d decided"
                        % (cases, hearings, distinct, decided or 0))
    stray, = rows(coordinator, "SELECT count(*) FROM hearings WHERE docket NOT IN"
                               " (SELECT docket FROM certificates)")[0]
    if stray:
        problems.append("%d cases without a certificate" % stray)
    kept = sum(check_seat(path, certified, problems) for path in sorted(council.glob("seats/*/votes.db")))
    if problems:
        print("; ".join(problems))
        return 1
    print("%d cases, each decided once, in %d dockets; %d certificates kept by seats, all the same values"
          % (cases, len(certified), kept))
    return 0


sys.exit(main())
