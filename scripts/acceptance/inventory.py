#!/usr/bin/python3
"""Holds what a council found about imported inventories against the inventory itself.

usage: inventory.py INVENTORY.csv WORK AGENCY...

WORK/AGENCY.import.json is what aims import printed, WORK/AGENCY/report.json and WORK/AGENCY.txt the
report and its text with all rows of the working papers. Prints a table of decisions and what was
compared; exit 1 when

- importer and scripts/inventory_counts.py count "no", "planned" and blanks differently;
- a finding that is not met rests on anything but an answer that the inventory gives, or on no row;
- the rows of the criteria that show a question are not the systems in operation that say "no",
  "planned" or "partly" (alarm), with those that say nothing among the unknown ones.
"""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import inventory_counts  # noqa: E402

# Criteria whose rows are the systems in operation, each with its answer (docs/EVIDENCE.md).
SHOWN_BY = {
    "8.4-1": "Impact assessment",
    "A.6.2.4-1": "Test",
    "A.6.2.4-6": "Independent evaluation",
    "A.6.2.6-1": "Monitoring",
    "A.6.2.7-1": "Documentation of performance",
    "A.7.4-4": "Documentation of data",
    "A.8.2-1": "Notice",
    "A.8.3-1": "Appeal",
}
NOT_OF_LOW_TIER = ("A.8.3-1",)
NOT_ASKED_WHEN_BOUGHT = ("A.6.2.7-1", "A.7.4-4")  # Silence, that is; a "no" counts.
# On which answers a finding may rest, by question; "other" is "yes" or a text, None anything said.
MAY_REST_ON = {
    "6.1.2-7": ("Risks", None),
    "8.1-5": ("Date implemented", None),
    "8.4-1": ("Impact assessment", ("no", "planned")),
    "8.4-2": ("Impact assessment", ("no", "planned")),
    "9.1-1": ("Monitoring", ("no", "planned")),
    "9.1-2": ("Monitoring", ("no", "planned")),
    "A.5.2-2": ("Impact assessment", ("no", "planned")),
    "A.5.4-3": ("Impact assessment", ("no", "planned")),
    "A.6.2.4-1": ("Test", ("no",)),
    "A.6.2.4-6": ("Independent evaluation", ("no", "planned")),
    "A.6.2.6-1": ("Monitoring", ("no", "planned")),
    "A.6.2.6-2": ("Monitoring", ("no", "planned")),
    "A.6.2.7-1": ("Documentation of performance", ("no", "partly")),
    "A.7.4-4": ("Documentation of data", ("no", "partly")),
    "A.8.2-1": ("Notice", ("no",)),
    "A.8.3-1": ("Appeal", ("no",)),
    "A.8.3-3": ("Notice", ("no",)),
    "A.9.2-3": ("Acts without a person", ("other",)),
}


def read_rows(text):
    """{criterion: [(resource, status)]} from the text of a report."""
    rows, criterion, bullet = {}, None, None
    for line in text.splitlines() + [""]:
        if bullet is not None and re.match(r" {10}\S", line):
            bullet += " " + line.strip()
            continue
        if bullet is not None:
            status = re.search(r"\((\w+)\)$", bullet)  # Of an alarm it is left out.
            rows.setdefault(criterion, []).append(
                (bullet.split(":")[0], status.group(1) if status else "alarm"))
            bullet = None
        start = re.match(r"    (\S+-\d+) \(\w+\) ", line)
        if start:
            criterion = start.group(1)
        elif line.startswith("        - "):
            bullet = line[10:]
    return rows


def check_counts(agency, systems, imported):
    counted = inventory_counts.count(systems)
    for question in imported["questions"]:
        want = counted[question["name"]]
        for word in ("no", "planned", "blank"):
            if question[word] != want[word]:
                yield "%s, %s: %d %s imported, %d in the inventory" % (
                    agency, question["name"], question[word], word, want[word])


def check_findings(agency, systems, report, rows):
    by_id = {system.id: system for system in systems}
    for requirement in report["requirements"]:
        for criterion in requirement["criteria"]:
            if criterion["answer"] != "notMet":
                continue
            key = criterion["id"]
            alarms = [resource for resource, status in rows.get(key, []) if status == "alarm"]
            if key not in MAY_REST_ON:
                yield "%s: %s is not met, and the inventory does not speak about it" % (agency, key)
                continue
            if not alarms:
                yield "%s: %s is not met without an alarm" % (agency, key)
            question, answers = MAY_REST_ON[key]
            for resource in alarms:
                system = by_id.get("-".join(resource.split("-")[:2]))
                if system is None or system.texts[question] == "" or (
                        answers and system.answers[question] not in answers):
                    yield "%s: %s is held against %s, which does not say so" % (agency, key, resource)


def check_rows(agency, systems, rows, totals):
    for key, question in SHOWN_BY.items():
        found = rows.get(key, [])
        alarms = {resource for resource, status in found if status == "alarm"}
        unknown = {resource for resource, status in found if status == "unknown"}
        told = {word: {system.id for system in systems if system.in_operation
                       and system.answers[question] == word
                       and not (key in NOT_OF_LOW_TIER and system.is_low)}
                for word in inventory_counts.ANSWERS}
        said = told["no"] | told["planned"] | told["partly"]
        blank = told["blank"] - {system.id for system in systems
                                 if key in NOT_ASKED_WHEN_BOUGHT and system.is_bought}
        if alarms != said:
            yield "%s: %s has %d alarms, the inventory %d answers no, planned or partly" % (
                agency, key, len(alarms), len(said))
        if not blank <= unknown:
            yield "%s: %s shows %d of %d blanks as unknown" % (agency, key, len(blank & unknown), len(blank))
        counts = totals.setdefault(key, [0] * 4)
        for index, number in enumerate((told["no"], told["planned"], told["partly"], blank & unknown)):
            counts[index] += len(number)


def print_row(agency, systems, report):
    grades = [requirement["grade"] for requirement in report["requirements"]]
    print("    %-6s %7d  %-26s %6d %6d %13d" % (
        agency, systems, report["decision"], grades.count("major"), grades.count("minor"),
        grades.count("notAssessed")))


def main():
    inventory, work, agencies = inventory_counts.read(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    problems, totals, total = [], {}, 0
    print("    %-6s %7s  %-26s %6s %6s %13s" % (
        "agency", "systems", "decision", "majors", "minors", "not assessed"))
    for agency in agencies:
        systems = inventory_counts.systems_of(inventory, agency)
        imported = json.loads((work / (agency + ".import.json")).read_text())
        report = json.loads((work / agency / "report.json").read_text())
        rows = read_rows((work / (agency + ".txt")).read_text())
        print_row(agency, len(systems), report)
        total += len(systems)
        problems += check_counts(agency, systems, imported)
        problems += check_findings(agency, systems, report, rows)
        problems += check_rows(agency, systems, rows, totals)
    for key, counts in totals.items():
        print("    %s (%s), systems in operation: %d no, %d planned, %d partly are alarms;"
              " %d blanks are unknown"
              % (SHOWN_BY[key].lower(), key, *counts))
    print("; ".join(problems[:8]) if problems else "%d agencies, %d systems" % (len(agencies), total))
    return 1 if problems else 0


sys.exit(main())
