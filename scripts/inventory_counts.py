#!/usr/bin/python3
"""Counts what agencies answered in the 2024 federal inventory of AI use cases, without any code of
this project: by Python's csv module and its own reading of the answers.

usage: inventory_counts.py INVENTORY.csv [AGENCY]

Prints JSON: for each agency (abbreviation) its systems, and for each question how many say "no",
"planned", "partly", nothing ("blank"), or anything else ("other"); "operation" has the same for
systems in operation alone.
"""
import csv
import json
import re
import sys

AGENCY, STAGE, TIER, IMPLEMENTED, ORIGIN, RISKS = 2, 9, 10, 13, 15, 47
QUESTIONS = {  # Columns, from 0.
    "Documentation of data": 27,
    "Documentation of performance": 43,
    "Extension requested": 44,
    "Impact assessment": 45,
    "Test": 46,
    "Independent evaluation": 48,
    "Monitoring": 49,
    "Acts without a person": 50,
    "Notice": 52,
    "Appeal": 58,
}
BOUGHT = ("developed with contracting resources", "exclusively developed with contract")
IN_OPERATION = ("operation and maintenance", "in production", "in mission")
ANSWERS = ("no", "planned", "partly", "blank", "other")


def read(path):
    with open(path, encoding="cp1252", newline="") as file:
        return list(csv.reader(file))[1:]


def answer(text):
    """One of ANSWERS."""
    text = text.strip().lower()
    if text == "":
        return "blank"
    if text.startswith("planned") or "is under development" in text:
        return "planned"
    if re.match(r"limited documentation|documentation has been partially", text):
        return "partly"
    if re.match(r"no\b|false|none of the above|documentation is missing", text):
        return "no"
    return "other"


class System:
    """One row; ids are given as the importer does, by order within the agency."""

    def __init__(self, number, row):
        self.id = "%s-%03d" % (row[AGENCY].lower(), number)
        self.texts = {name: row[column].strip() for name, column in QUESTIONS.items()}
        self.answers = {name: answer(text) for name, text in self.texts.items()}
        self.texts["Risks"] = row[RISKS].strip()
        self.texts["Date implemented"] = row[IMPLEMENTED].strip()
        self.is_low = row[TIER].strip().lower().startswith("neither")
        self.is_bought = row[ORIGIN].strip().lower().startswith(BOUGHT)
        self.in_operation = row[STAGE].strip().lower().startswith(IN_OPERATION)


def systems_of(rows, agency):
    rows = [row for row in rows if row[AGENCY].lower() == agency.lower()]
    return [System(number, row) for number, row in enumerate(rows, 1)]


def count(systems):
    return {name: {word: sum(system.answers[name] == word for system in systems) for word in ANSWERS}
            for name in QUESTIONS}


def main():
    rows = read(sys.argv[1])
    agencies = sys.argv[2:] or list(dict.fromkeys(row[AGENCY] for row in rows))
    result = {}
    for agency in agencies:
        systems = systems_of(rows, agency)
        result[agency] = {"systems": len(systems), "questions": count(systems),
                          "operation": count([system for system in systems if system.in_operation])}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
