#!/usr/bin/env python3
"""Verifies `taizhang audit export --out F` with stock libraries only (cbor2, cryptography): an independent second opinion.

Every entry: one byte form (canonical re-encoding is equal), Ed25519 signature over RFC 9052's Sig_structure with the network id as
external_aad, id = SHA-256 of it, position in its log (previous or link known, sequence + 1), grant known; then its rows are read.

usage: verify_export.py FILE [--rows]     exit 0: everything holds; prints counts as JSON. --rows prints every row as a JSON line first.
"""
import hashlib, io, json, sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALG, KID, DOCUMENT, RUN, SEQUENCE, PREVIOUS, GRANT, LINK, TIME = 1, 4, -65537, -65538, -65539, -65540, -65541, -65542, -65543
KINDS = {1: "registry", 2: "policy", 3: "notice", 4: "roster", 5: "identity", 6: "ledger", 7: "review", 8: "transfer", 9: "rollup"}


def document_name(b):
    owner, kind, period, subject = b[:8].hex(), KINDS[b[8]], int.from_bytes(b[9:11], "big"), b[11:19]
    return "/".join([owner, kind] + ([str(period)] if period else []) + ([subject.hex()] if subject != bytes(8) else []))


def items(raw):
    """The items of a CBOR sequence with their own bytes."""
    f = io.BytesIO(raw)
    while f.tell() < len(raw):
        at = f.tell()
        value = cbor2.load(f)
        yield value, raw[at:f.tell()]


def check_entry(item, raw, network, known):
    """Returns (id, header, operations) or raises ValueError saying what does not hold."""
    if not isinstance(item, cbor2.CBORTag) or item.tag != 18 or len(item.value) != 4:
        raise ValueError("not a tagged COSE_Sign1")
    protected, unprotected, payload, signature = item.value
    if unprotected != {}:
        raise ValueError("unprotected header not empty")
    h = cbor2.loads(protected)
    again = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))
    # stock canonical ordering sorts map keys by their bytes, as RFC 8949 4.2.1 asks
    if again != raw or cbor2.dumps(h, canonical=True) != protected or cbor2.dumps(cbor2.loads(payload), canonical=True) != payload:
        raise ValueError("not the one byte form")
    if h[ALG] != -8 or len(h[KID]) != 32:
        raise ValueError("algorithm or key")
    to_sign = cbor2.dumps(["Signature1", protected, network, payload])
    try:
        Ed25519PublicKey.from_public_bytes(h[KID]).verify(signature, to_sign)
    except InvalidSignature:
        raise ValueError("signature") from None
    log = (h[DOCUMENT], h[KID], h[RUN])
    if h[SEQUENCE] == 1:
        link, grant = h[LINK], h[GRANT]
        if link is not None and (link not in known or known[link][0][:2] != log[:2]):
            raise ValueError("link unknown or of another author")
        if grant is not None and grant[0] not in known:
            raise ValueError("grant unknown")
    else:
        previous = known.get(h[PREVIOUS])
        if previous is None or previous != (log, h[SEQUENCE] - 1):
            raise ValueError("does not continue its log")
    version, operations = cbor2.loads(payload)
    if version != 1 or not 1 <= len(operations) <= 512:
        raise ValueError("payload version or number of operations")
    entry_id = hashlib.sha256(to_sign).digest()
    known[entry_id] = (log, h[SEQUENCE])
    return entry_id, h, operations


def plain(v):
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return {str(plain(k)): plain(x) for k, x in v.items()} if isinstance(v, dict) else v


def main():
    raw = open(sys.argv[1], "rb").read()
    sequence = items(raw)
    head, _ = next(sequence)
    if head[0] != "taizhang.audit-export/1":
        sys.exit("not an audit export: " + repr(head[0]))
    network, known, failures = head[1], {}, []
    counts = {"entries": 0, "rows": 0, "registers": 0, "authors": set(), "documents": set()}
    waiting = [(n, item, its) for n, (item, its) in enumerate(sequence)]
    while waiting:
        later = []
        for n, item, its in waiting:
            try:
                entry_id, h, operations = check_entry(item, its, network, known)
            except (ValueError, KeyError, TypeError) as e:
                later.append((n, item, its, str(e)))
                continue
            counts["entries"] += 1
            counts["authors"].add(h[KID])
            counts["documents"].add(h[DOCUMENT])
            for i, op in enumerate(operations):
                if op[0] == 0:
                    counts["rows"] += 1
                    if "--rows" in sys.argv:
                        print(json.dumps({"name": f"{entry_id.hex()}.{i}", "document": document_name(h[DOCUMENT]), "type": op[1],
                                          "fields": plain(op[3]), "time_ms": h[TIME]}, ensure_ascii=False))
                else:
                    counts["registers"] += 1
        if len(later) == len(waiting):  # nothing moved: what is left does not hold
            failures = [(n, why) for n, _, _, why in later]
            break
        waiting = [x[:3] for x in later]
    counts["authors"], counts["documents"] = len(counts["authors"]), len(counts["documents"])
    print(json.dumps({"schema": "taizhang.verify-export/1", **counts, "failures": [{"item": n, "why": why} for n, why in failures]}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
