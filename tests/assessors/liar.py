#!/usr/bin/python3
"""An assessor that lies: runs the real one and changes its answers (agent/frame.h).

usage: liar.py invert|random aims-assess [OPTION...]

invert answers what is not so: met for not met and the other way round, insufficient for not
applicable and the other way round. random answers anything, the same again when asked again about
the same case by the same seat. In agent.yaml:

    assessor: [/usr/bin/python3, /path/to/liar.py, invert, /path/to/aims-assess, --catalog, ...]
"""
import hashlib
import json
import random
import struct
import subprocess
import sys

INVERTED = {"0": "1", "1": "2", "2": "1", "3": "4", "4": "3"}  # Digits of enum answer.


def read_frame(stream):
    """The next frame's content, or None at the end."""
    head = stream.read(4)
    return stream.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


def write_frame(stream, content):
    stream.write(struct.pack(">I", len(content)) + content)
    stream.flush()


def lie(mode, request, answers):
    if mode == "invert":
        return "".join(INVERTED[answer] for answer in answers)
    seed = hashlib.sha256(("%s %d" % (request["case"], request["seat"])).encode()).digest()
    dice = random.Random(seed)
    return "".join(dice.choice("1234") for _ in answers)


def main():
    mode, command = sys.argv[1], sys.argv[2:]
    honest = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    write_frame(sys.stdout.buffer, read_frame(honest.stdout))  # The greeting.
    while (source := read_frame(sys.stdin.buffer)) is not None:
        request = json.loads(source)
        write_frame(honest.stdin, source)
        answer = json.loads(read_frame(honest.stdout))
        if answer["status"] == "assessed":
            answer["answers"] = lie(mode, request, answer["answers"])
        write_frame(sys.stdout.buffer, json.dumps(answer).encode())
        if answer["status"] == "assessed" and request.get("papers"):
            write_frame(sys.stdout.buffer, read_frame(honest.stdout))
    honest.stdin.close()
    return honest.wait()


sys.exit(main())
