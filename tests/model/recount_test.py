#!/usr/bin/env python3
"""The rules of docs/PROTOCOL.md read a second time, with sets of messages instead of bits and without
spin: model/docket.pml must have as many states. Two readings seldom err alike."""

import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Docket:
    """A state is one set of messages for each honest seat, sorted. A message is (kind, view, what):
    what is a value, or for a NEW-VIEW the lock, which is None or (view, value)."""

    def __init__(self, seats, faulty, views):
        self.views = range(1, views + 1)
        self.honest = seats - faulty
        self.others = (seats + faulty) // 2 + 1 - faulty  # Honest seats that a quorum needs.

    def is_quorum(self, state, wanted):
        return sum(any(wanted(m) for m in seat) for seat in state) >= self.others

    def voted(self, state, kind):
        return {
            (view, value)
            for view in self.views
            for value in (0, 1)
            if self.is_quorum(state, lambda m: m == (kind, view, value))
        }

    def is_justified(self, state, quorums, view, value):
        """S2: view 1; or a TC without a QC; or one whose highest QC is for the value."""
        if view == 1:
            return True

        def has_timeout(fits):
            return self.is_quorum(state, lambda m: m[:2] == ("NEW-VIEW", view) and fits(m[2]))

        if has_timeout(lambda lock: lock is None):
            return True
        return any(
            qc[0] < view and qc[1] == value
            and has_timeout(lambda lock: lock is None or lock[0] < qc[0] or lock == qc)
            for qc in quorums
        )

    def messages(self, state, seat, quorums):
        """What the seat may sign next (S2, S3, S4)."""
        entered = max((m[1] for m in seat if m[0] != "NEW-VIEW"), default=0)
        asked = max((m[1] for m in seat if m[0] == "NEW-VIEW"), default=0)
        lock = max((m[1:] for m in seat if m[0] == "COMMIT"), default=None)
        is_named = any(m[0] == "PREPARE" for other in state for m in other)
        signed = {m[:2] for m in seat}
        for view in self.views:
            if max(entered, 1) < view and asked < view:
                yield ("NEW-VIEW", view, lock)
            if view < max(entered, asked):
                continue
            for value in (0, 1):
                if ("PREPARE", view) not in signed and (value == 0 or is_named):
                    if self.is_justified(state, quorums, view, value):
                        yield ("PREPARE", view, value)
                if ("COMMIT", view) not in signed and (view, value) in quorums:
                    yield ("COMMIT", view, value)

    def count(self):
        first = (frozenset(),) * self.honest
        seen = {first}
        waiting = [first]
        while waiting:
            state = waiting.pop()
            assert len({value for _, value in self.voted(state, "COMMIT")}) < 2, state
            quorums = self.voted(state, "PREPARE")
            for place, seat in enumerate(state):
                for message in self.messages(state, seat, quorums):
                    moved = state[:place] + (seat | {message},) + state[place + 1 :]
                    after = tuple(sorted(moved, key=lambda messages: sorted(map(repr, messages))))
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
        return len(seen)


def states_found_by_spin(name):
    program = os.path.join(ROOT, "scripts", "model.sh")
    run = subprocess.run([program, name], stdout=subprocess.PIPE, text=True, check=True)
    return int(run.stdout.split(name)[1].split()[0])


def main():
    failed = False
    for name, size in (("n4-views2", (4, 1, 2)), ("n5-views2", (5, 1, 2))):
        counted = Docket(*size).count() + 1  # spin also counts the state before its init process.
        found = states_found_by_spin(name)
        print(f"{name}: {counted} states counted, {found} found by spin")
        failed = failed or counted != found
    return 1 if failed else 0


sys.exit(main())
