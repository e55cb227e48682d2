#!/usr/bin/python3
"""Makes what a council must refuse, out of what it takes.

usage: hostile.py bundle KIND GOOD.aims OUT.aims          GOOD is plain; OUT is signed, by a new key
       hostile.py certificate KIND GOOD.json NEEDED OUT.json
       hostile.py stranger COUNCIL SEAT-FOLDER            only the seat's key is unknown afterwards
"""
import base64
import bz2
import hashlib
import io
import json
import pathlib
import sqlite3
import struct
import sys
import tarfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAGIC = b"AIMSBDL1"
BUNDLE_TYPE = b"application/vnd.aims-council.bundle.v1"
SIGNATURE_SIZE = 64
HUGE = 10 << 30  # Bytes.


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# ---- bundles ----

def split(bundle):
    """Header and content of a bundle."""
    size = struct.unpack(">I", bundle[8:12])[0]
    return json.loads(bundle[12:12 + size]), bundle[12 + size + SIGNATURE_SIZE:]


def entries(content):
    """All files of a tar as (TarInfo, bytes)."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return [(info, tar.extractfile(info).read()) for info in tar]


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in files:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def extra(name, kind=tarfile.REGTYPE, target="", data=b""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    info.size = len(data)
    return info, data


def zeros_compressed():
    """A tar with one file of 10 GB of zeros, as bzip2 of some kilobytes."""
    info = tarfile.TarInfo("bag/data/documents/zeros.bin")
    info.size = HUGE
    step = 64 << 20
    part = bz2.compress(bytes(step))
    return bz2.compress(info.tobuf(tarfile.GNU_FORMAT)) + part * (HUGE // step)


def zeros_claimed(content):
    """The same as a header that says so."""
    info = tarfile.TarInfo("bag/data/documents/zeros.bin")
    info.size = HUGE
    return info.tobuf(tarfile.GNU_FORMAT) + content


def zeros_sparse(content):
    """The same as a sparse file, which needs no bytes at all."""
    info, _ = extra("bag/data/documents/zeros.bin")
    info.pax_headers = {"GNU.sparse.map": "0,0,%d,0" % HUGE, "GNU.sparse.size": str(HUGE)}
    return archive([(info, b"")] + entries(content))


def hostile_content(kind, content):
    files = entries(content)
    if kind == "climbs":
        return archive(files + [extra("bag/data/../../../outside", data=b"x")])
    if kind == "absolute":
        return archive(files + [extra("/outside", data=b"x")])
    if kind == "symlink":
        return archive(files + [extra("bag/data/link", tarfile.SYMTYPE, "/etc/passwd")])
    if kind == "hardlink":
        return archive(files + [extra("bag/data/link", tarfile.LNKTYPE, files[0][0].name)])
    if kind == "duplicate":
        return archive(files + [files[-1]])
    if kind == "case-duplicate":
        info, data = extra(files[-1][0].name.replace("bag/", "BAG/"), data=files[-1][1])
        return archive(files + [(info, data)])
    if kind == "zeros-compressed":
        return zeros_compressed()
    if kind == "zeros-claimed":
        return zeros_claimed(content)
    if kind == "zeros-sparse":
        return zeros_sparse(content)
    if kind == "unlisted":
        return archive(files + [extra("bag/data/extra", data=b"x")])
    raise SystemExit("hostile: there is no kind '%s'" % kind)


def make_bundle(kind, good):
    """A bundle whose header, signature and digest are right and whose archive is not."""
    header, content = split(good)
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    content = hostile_content(kind, content)
    header["submitter"]["signing"] = public.hex()
    header["content"] = hashlib.sha256(content).hexdigest()
    header["content_size"] = len(content)
    text = canonical(header)
    signed = b"DSSEv1 %d %s %d %s" % (len(BUNDLE_TYPE), BUNDLE_TYPE, len(text), text)
    return MAGIC + struct.pack(">I", len(text)) + text + key.sign(signed) + content


# ---- certificates ----

def make_certificate(kind, good, needed):
    """Of a certificate with at least NEEDED signatures."""
    envelope = json.loads(good)
    signatures = envelope["signatures"]
    if kind == "one-short":
        envelope["signatures"] = signatures[:needed - 1]
    elif kind == "repeated":
        envelope["signatures"] = signatures[:needed - 1] + signatures[:1]
    elif kind == "forged":
        forged = bytearray(base64.b64decode(signatures[0]["sig"]))
        forged[0] ^= 1
        signatures[0]["sig"] = base64.b64encode(forged).decode()
        envelope["signatures"] = signatures[:needed]
    elif kind == "altered":
        payload = base64.b64decode(envelope["payload"])
        envelope["payload"] = base64.b64encode(payload.replace(b"conclusive", b"contested.")).decode()
    else:
        raise SystemExit("hostile: there is no kind '%s'" % kind)
    return canonical(envelope)


# ---- seats ----

def make_stranger(council, seat):
    """Writes a roster that has the council's coordinators and other seats, and makes the seat's
    store one of that roster."""
    path = seat / "../../roster.json"
    roster = json.loads(path.read_bytes())
    roster["coordinators"] = json.loads((council / "roster.json").read_bytes())["coordinators"]
    path.write_bytes(canonical(roster))
    store = sqlite3.connect(seat / "votes.db")
    with store:
        store.execute("UPDATE owner SET roster = ?", (hashlib.sha256(path.read_bytes()).digest(),))
    store.close()


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "bundle":
        kind, good, out = arguments
        pathlib.Path(out).write_bytes(make_bundle(kind, pathlib.Path(good).read_bytes()))
    elif what == "certificate":
        kind, good, needed, out = arguments
        pathlib.Path(out).write_bytes(
            make_certificate(kind, pathlib.Path(good).read_bytes(), int(needed)))
    else:
        council, seat = arguments
        make_stranger(pathlib.Path(council), pathlib.Path(seat))


main()
