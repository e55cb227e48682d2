#!/usr/bin/python3
"""Asks the stores of a stopped council of several coordinators what became of its cases.

usage: protocol.py COUNCIL CASES [LIAR...]

COUNCIL is its folder, CASES the number of cases that were handed in; LIAR is a member that lied
("seat-07", "coordinator-1"), whose store is not asked. Prints what was counted; exit 1 when a case
is without a conclusion or has two, or when any two stores hold different certificates.
"""
import collections
import pathlib
import sqlite3
import sys

UNHEARD, CONTESTED, CONCLUSIVE = 1, 2, 3


def rows(path, query):
    store = sqlite3.connect(path)
    found = store.execute(query).fetchall()
    store.close()
    return found


def stores(council, pattern, kind, liars):
    for path in sorted(council.glob(pattern)):
        if "%s-%s" % (kind, path.parent.name) not in liars:
            yield "%s %s" % (kind, path.parent.name), path


def main():
    council, cases, liars = pathlib.Path(sys.argv[1]), int(sys.argv[2]), set(sys.argv[3:])
    problems, values, hearings = [], collections.defaultdict(set), set()
    for name, path in stores(council, "coordinators/*/coordinator.db", "coordinator", liars):
        for docket, value in rows(path, "SELECT docket, value FROM certificates"):
            values[docket].add(value)
        hearings |= set(rows(path, "SELECT case_id, attempt, docket, outcome, report FROM hearings"
                                   " WHERE outcome IS NOT NULL"))
        (conflicts,), = rows(path, "SELECT count(*) FROM conflicts")
        if conflicts:
            problems.append("%s holds %d conflicting certificates" % (name, conflicts))
    kept = 0
    for name, path in stores(council, "seats/*/votes.db", "seat", liars):
        for docket, value in rows(path, "SELECT docket, value FROM certificate"):
            values[docket].add(value)
            kept += 1
        (twice,), = rows(path, "SELECT count(*) FROM (SELECT 1 FROM binding WHERE is_assessed"
                               " GROUP BY case_id, attempt HAVING count(*) > 1)")
        if twice:
            problems.append("%s assessed %d hearings twice" % (name, twice))
    different = sum(len(of_docket) > 1 for of_docket in values.values())
    if different:
        problems.append("%d dockets have two certified values" % different)
    conclusions = collections.Counter(case for case, _, _, outcome, _ in hearings
                                      if outcome == CONCLUSIVE)
    known = {case for case, *_ in hearings}
    if len(known) != cases:
        problems.append("%d cases were handed in, %d heard" % (cases, len(known)))
    if len(conclusions) != cases:
        problems.append("%d of %d cases have a conclusion" % (len(conclusions), cases))
    if any(count > 1 for count in conclusions.values()):
        problems.append("%d cases have more than one conclusion"
                        % sum(count > 1 for count in conclusions.values()))
    if problems:
        print("; ".join(problems))
        return 1
    again = sum(outcome != CONCLUSIVE for _, _, _, outcome, _ in hearings)
    print("%d cases, one conclusion each, over %d dockets; %d hearings without conclusion;"
          " %d certificates kept by seats, the same values" % (cases, len(values), again, kept))
    return 0


sys.exit(main())
