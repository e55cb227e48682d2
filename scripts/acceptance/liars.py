#!/usr/bin/python3
"""Compares what councils with liars found with what honest seats found.

usage: liars.py SEATS HONEST.json REPORT.json...

SEATS are the liars ("1,4,9"); beside each REPORT.json is REPORT.txt, the same in words. Prints what
was compared; exit 1 when a finding differs, or a liar that was heard is not named as a dissenter in
both, or anybody else is, or one of them was never heard.
"""
import json
import pathlib
import re
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


def named(text):
    """Seats that the text of a report names as dissenters."""
    section = text.partition("\nDissent from agreed findings\n")[2].partition("\n\n")[0]
    seats = set()
    for entry in re.findall(r"^  Seats ([-\d,\s]+):", section, re.MULTILINE):
        for part in entry.split(","):
            first, _, last = part.strip().partition("-")
            seats |= set(range(int(first), int(last or first) + 1))
    return seats


def main():
    liars = set(map(int, sys.argv[1].split(",")))
    honest, *reports = [json.load(open(path)) for path in sys.argv[2:]]
    want = findings(honest)
    problems, heard = [], set()
    texts = [pathlib.Path(path).with_suffix(".txt").read_text() for path in sys.argv[3:]]
    for report, text in zip(reports, texts):
        found = findings(report)
        different = [key for key in want if found[key] != want[key]]
        present = liars - set(report["absent"])
        heard |= present
        if different:
            problems.append("%d findings differ (%s: %s, not %s)" % (
                len(different), different[0], found[different[0]], want[different[0]]))
        if report["decision"] != honest["decision"]:
            problems.append("the decision is " + report["decision"])
        for seats in (dissenters(report), named(text)):
            if seats != present:
                problems.append("dissenters are %s, liars that were heard %s"
                                % (sorted(seats), sorted(present)))
    if heard != liars:
        problems.append("never heard: %s" % sorted(liars - heard))
    if "contested" in want.values():
        problems.append("the honest seats disagree")
    print("; ".join(problems) if problems else
          "%d findings of %d reports are those of honest seats, and the liars are named"
          % (len(want) * len(reports), len(reports)))
    return 1 if problems else 0


sys.exit(main())
