#!/usr/bin/python3
"""Compares what councils with liars found with what honest seats found.

usage: liars.py SEATS HONEST.json REPORT.json...

SEATS are the liars ("1,4,9"). Prints what was compared; exit 1 when a finding differs, or a liar that
was heard is not shown as giving another answer, or one of them was never heard.
"""
import json
import sys


def findings(report):
    return {criterion["id"]: criterion["answer"]
            for requirement in report["requirements"] for criterion in requirement["criteria"]}


def dissenters(report):
    """Seats that gave another answer than the finding, on any criterion."""
    seats = set()
    for requirement in report["requirements"]:
        for criterion in requirement["criteria"]:
            for answer, voice in criterion["votes"].items():
                if answer != criterion["answer"]:
                    seats |= set(report["voices"][voice]["seats"])
    return seats


def main():
    liars = set(map(int, sys.argv[1].split(",")))
    honest, *reports = [json.load(open(path)) for path in sys.argv[2:]]
    want = findings(honest)
    problems, heard = [], set()
    for report in reports:
        found = findings(report)
        different = [key for key in want if found[key] != want[key]]
        present = liars - set(report["absent"])
        heard |= present
        if different:
            problems.append("%d findings differ (%s: %s, not %s)" % (
                len(different), different[0], found[different[0]], want[different[0]]))
        if report["decision"] != honest["decision"]:
            problems.append("the decision is " + report["decision"])
        if dissenters(report) != present:
            problems.append("dissenters are %s, liars that were heard %s"
                            % (sorted(dissenters(report)), sorted(present)))
    if heard != liars:
        problems.append("never heard: %s" % sorted(liars - heard))
    if "contested" in want.values():
        problems.append("the honest seats disagree")
    print("; ".join(problems) if problems else "%d findings of %d reports are those of honest seats"
          % (len(want) * len(reports), len(reports)))
    return 1 if problems else 0


sys.exit(main())
