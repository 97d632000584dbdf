"""Verifies `taizhang audit export --out F` with stock libraries only (cbor2, cryptography). usage: verify_export.py FILE [--types docs/rows.md] [--rows]
Every entry, by docs/protocol.md: one byte form, signature, id, log, grants up to the root statement and its successors, roles, organisations, invites, what
it replaces; what counts after burns, ends, accepts (not: surplus branches, moves; nor the order of `replaces`, one lock or rollup an entry,
how far grants are handed on, lengths of register values); every row, by docs/rows.md. The last line counts; exit 0: everything holds."""
import collections, functools, hashlib, importlib.util, io, json, re, sys
[importlib.util.find_spec(m) or sys.exit(f"verify_export.py needs {m}: pip install cbor2 cryptography") for m in ("cbor2", "cryptography")]
import cbor2, cryptography.exceptions
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
KID, DOCUMENT, RUN, SEQUENCE, PREVIOUS, GRANT, LINK, TIME = 4, -65537, -65538, -65539, -65540, -65541, -65542, -65543
CERTIFY, EVERY, ONE_USE, FAR = {1, 2, 3}, {1, 2, 3, 4, 5, 6}, bytes(8), 1 << 60
# Of each kind of document the roles and the kinds of organisation that may write it; of each role the kinds that have it.
WRITERS = {1: ({4}, CERTIFY), 2: ({5}, {1, 2}), 3: ({1, 3}, {1, 2, 3, 6}), 4: ({1}, {5}), 5: ({1}, {5}), 6: ({1, 2}, EVERY), 7: ({3}, CERTIFY), 8: ({1, 3}, {3}), 9: ({3}, CERTIFY)}
HELD_IN = {1: EVERY, 2: {5}, 3: CERTIFY, 4: CERTIFY, 5: {1, 2}, 6: CERTIFY, 7: EVERY}
Entry = collections.namedtuple("Entry", "id doc key run seq parent grant depth time ops")
Grant = collections.namedtuple("Grant", "key role office org basis one_use registry depth kind")
Root = collections.namedtuple("Root", "id number keys m before over positions")
entries, grants, orgs, org_rows, roots, ends, burns, accepts = {}, {}, {}, {}, {}, [], [], []
registry = lambda org: org + b"\x01" + bytes(10)
resolve = lambda row, own: (row[1] or own, row[2])
plain = lambda v: v.hex() if isinstance(v, bytes) else [plain(x) for x in v] if isinstance(v, (list, tuple)) else v
field = lambda fields, n: fields[n] if n < len(fields) else None
writes = lambda g, doc: g.org == doc[:8] and g.role in WRITERS[doc[8]][0] and g.kind in WRITERS[doc[8]][1]
above = lambda org: [orgs[org], *above(orgs[org])] if org in orgs else []
def need(holds, why):
    if not holds:
        raise ValueError(why)
def read_entry(item, raw, network):
    need(isinstance(item, cbor2.CBORTag) and item.tag == 18 and len(item.value) == 4 and item.value[1] == {}, "not a bare COSE_Sign1")
    protected, _, payload, signature = item.value
    h, (version, ops) = cbor2.loads(protected), cbor2.loads(payload)
    same = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])) == raw and cbor2.dumps(h, canonical=True) == protected
    need(same and cbor2.dumps([version, ops], canonical=True) == payload and len(raw) <= 65536, "not the one byte form")
    asked = {1, KID, DOCUMENT, RUN, SEQUENCE, TIME} | ({GRANT, LINK} if h.get(SEQUENCE) == 1 else {PREVIOUS})
    need(set(h) == asked and h[1] == -8 and [len(h[x]) for x in (KID, DOCUMENT, RUN)] == [32, 19, 8] and h[SEQUENCE] >= 1, "header")
    doc, kind, year, subject = h[DOCUMENT], h[DOCUMENT][8], h[DOCUMENT][9:11] != bytes(2), h[DOCUMENT][11:] != bytes(8)
    fits = year == (kind in (3, 6, 7, 8, 9)) and (subject or kind not in (7, 8)) and (not subject or kind in (6, 7, 8))
    need(1 <= kind <= 9 and fits and doc[11:] != doc[:8], "no such document")
    to_sign = cbor2.dumps(["Signature1", protected, network, payload])
    Ed25519PublicKey.from_public_bytes(h[KID]).verify(signature, to_sign)
    need(version == 1 and 1 <= len(ops) <= 512 and all(len(o) == 4 and o[0] in (0, 1) for o in ops), "payload")
    return hashlib.sha256(to_sign).digest(), h, ops
def admit(item, raw, network):
    eid, h, ops = read_entry(item, raw, network)
    doc, key, run, seq, parent = h[DOCUMENT], h[KID], h[RUN], h[SEQUENCE], h.get(PREVIOUS, h.get(LINK))
    p, grant = entries.get(parent), h.get(GRANT) and tuple(h[GRANT])
    need(eid not in entries, "the same entry twice")
    if seq > 1:
        need(p and (p.doc, p.key, p.run, p.seq) == (doc, key, run, seq - 1) and run != ONE_USE, "it does not continue its log")
        e = Entry(eid, doc, key, run, seq, parent, p.grant, p.depth, h[TIME], ops)
    else:
        need(parent is None or p and (p.doc, p.key) == (doc, key) and p.run != run, "link unknown or of another author")
        e = Entry(eid, doc, key, run, seq, parent, grant, 0, h[TIME], ops)
        e = e._replace(depth=admit_start(e, network), grant=grant or (eid, 0))
    admit_operations(e)
    rows = admit_registry(e, network) if doc[8] == 1 else ({}, {}, {})
    orgs.update({o[3][0]: doc[:8] for o in ops if doc[8] == 1 and o[:2] == [0, 1] and o[3][1] is not None and o[3][0] not in orgs})
    for table, new in zip((entries, org_rows, grants, roots), ({eid: e}, *rows)):
        table.update(new)
    for o in (o for o in ops if o[0] == 0 and (doc[8] == 1 or (doc[8], o[1]) == (7, 5))):
        {3: ends, 4: burns, 5: accepts}.get(o[1], []).append((e, o[3]))
def refusal(item, raw, network):
    try:
        admit(item, raw, network)
    except (ValueError, KeyError, TypeError, IndexError, cryptography.exceptions.InvalidSignature) as why:
        return str(why) or type(why).__name__
def admit_start(e, network):  # the depth of the grant: 0 for root keys, 1 for whom they granted
    at_root, g = e.doc == registry(network[:8]), grants.get(e.grant)
    if e.grant is None:  # the first statement, or a successor in the log of one of its own keys
        f = e.ops[0][3] if e.ops[0][:2] == [0, 6] else [0, ()]
        return need(at_root and e.key in f[1] and (f[0] > 0 or hashlib.sha256(cbor2.dumps(f)).digest() == network), "not the root statement") or 0
    need(e.grant[0] in entries, "grant unknown")
    if e.grant in roots:
        return need(at_root and e.key in roots[e.grant].keys, "not a root key") or 0
    need(g and g.key == e.key, "the grant is another key's")
    if not g.one_use:
        return need(e.run != ONE_USE and writes(g, e.doc), "the key does not hold the role that the document asks for") or g.depth
    need(e.doc == registry(g.registry) and e.run == ONE_USE and e.parent is None, "an invite's key may be used once only")
    used = [o[3] for o in e.ops if o[:3] == [0, 2, []]]
    same = all(not field(f, 9) and f[3] == g.org and resolve(f[5], e.id) == g.basis for f in used) and all(f[1] == 7 for f in used[1:])
    return need(same and 1 <= len(used) == len(e.ops) <= 2 and used[0][1:3] == [g.role, g.office], "an invite's key may write only the newcomer's grants") or g.depth
def admit_operations(e):
    keys = [o[1] for o in e.ops if o[0] == 1]
    need(len(keys) == len(set(keys)), "one register twice")
    for o in e.ops:
        replaces = o[2] if o[0] == 0 else o[3]
        need(len(replaces) == len({cbor2.dumps(r) for r in replaces}) <= 64, "replaces too many, or not unique")
        need(o[0] == 1 or len(cbor2.dumps(o[3])) <= (40960 if o[1] in (10, 171) else 3072), "row too long")
        for r in replaces:
            there, target = (r[0] or e.doc, entries.get(r[1])) if o[0] == 0 else (e.doc, entries.get(r))
            below = (e.doc[8], there[8]) == (7, 7) and there[11:] == e.doc[11:] and e.doc[:8] in above(there[:8])
            may = target and target.doc == there and (there == e.doc or below)
            old = may and (target.ops[r[2]:r[2] + 1] if o[0] == 0 else [t for t in target.ops if t[:2] == [1, o[1]]])
            need(old and old[0][0] == o[0], "it replaces what it may not, or what is not here")
def admit_registry(e, network):
    own, over, new_orgs, new_grants, new_roots = e.doc[:8], grants[e.grant].kind if e.grant in grants else None, {}, {}, {}
    for i, o in ((i, o) for i, o in enumerate(e.ops) if o[0] == 0):
        f = o[3]
        if o[1] == 1:  # created here, or described or moved: a row is (organisation, kind, registry, who may certify staff by it)
            creates, below = f[1] is not None, f[2] in CERTIFY if over is None else over in CERTIFY and over < f[2]
            same = all(r and r[:3] == (f[0], f[2], own) for r in (org_rows.get(resolve(r, e.id)) for r in o[2]))
            need(creates or same, "a change must replace rows about the same organisation")
            need(below and (not creates or f[3] == own and hashlib.sha256(own + f[1]).digest()[:8] == f[0]),
                 "the organisation does not belong under this one, or its id is another's")
            new_orgs[e.id, i] = (f[0], f[2], own, {own} if creates else {f[3]} | ({own} if orgs.get(f[0]) == own else set()))
        elif o[1] == 2:
            basis, depth = resolve(f[5], e.id), e.depth + (not (e.grant in grants and grants[e.grant].one_use))
            org, kind, _, certify = new_orgs.get(basis) or org_rows.get(basis) or (None, None, None, ())
            need(org == f[3] and own in {org, *certify} and kind in HELD_IN[f[1]], "the grant does not rest on a row of its organisation, or it has no such role")
            new_grants[e.id, i] = Grant(*f[:4], basis, bool(field(f, 9)), own, depth, kind)
        elif o[1] == 6:
            need(i == 0 and own == network[:8], "a successor of the root statement stands first, in the root's registry")
            new_roots[e.id, 0] = read_root(e, f, network)
    return new_orgs, new_grants, new_roots
def read_root(e, f, network):
    """The first root statement, or a successor: signed by m keys of the one before it; where it settles a dispute, by all of them."""
    (number, keys, m), signatures, over = f[:3], field(f, 3) or [], sorted(resolve(r, e.id) for r in e.ops[0][2])
    need(1 <= m <= len(keys) == len(set(keys)) <= 16 and all(r in roots for r in over), "keys or threshold of a root statement, or it replaces something else")
    before, rivals = ([roots[r] for r in over if roots[r].number == n] for n in (number - 1, number))
    if number == 0:
        return need((e.seq, e.grant, over) == (1, (e.id, 0), []), "the first root statement begins its log") or Root(network, 0, keys, m, None, (), [])
    fits = len(before) == 1 and len(rivals) == len(over) - 1 and all(r.before.id == before[0].id for r in rivals)
    need(fits and any(e.key in k for k in (keys, *(r.keys for r in before + rivals))), "a root statement replaces its predecessor")
    signers = {key for key, _ in signatures if key in before[0].keys}
    need(len(signers) == len(signatures) >= (len(before[0].keys) if rivals else before[0].m), "not signed by enough root keys")
    signed = cbor2.dumps(["taizhang root successor 1", network, over, cbor2.dumps([*f[:3], None, *f[4:]] if len(f) > 4 else f[:3])])
    for key, signature in signatures:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    return Root(hashlib.sha256(signed).digest(), number, keys, m, before[0], {r.id for r in rivals}, field(f, 4) or [])
def counts(root):  # of two successors of one root statement neither, until another replaces both
    beside = [r for r in roots.values() if root.before and r.before and r.before.id == root.before.id]
    return not root.before or counts(root.before) and {r.id for r in beside if not any(r.id in o.over for o in beside)} == {root.id}
def covers(positions, e):
    tips = {p[3] for p in positions or [] if p[0] == e.doc}
    while tips and e.id not in tips:
        tips = {entries[t].parent for t in tips if t in entries}
    return e.id in tips
def of_root(e):  # by the statement that its log rests on; of a key that a later one removed only what that one's positions cover
    under, removed = roots[e.grant], [r for r in roots.values() if counts(r) and r.number > roots[e.grant].number and e.key not in r.keys]
    first = min(removed, key=lambda r: r.number, default=None)
    return "no_grant" if not counts(under) else "stands" if not first or covers(first.positions, e) else "burnt"
@functools.cache
def judge(eid, burns_below=FAR, accepts_below=FAR):  # does it count? From the root down: burns and accepts of these depths and nearer to the root act
    e = entries[eid]
    if e.doc[8] == 1:
        burns_below, accepts_below = min(burns_below, e.depth + 1), min(accepts_below, e.depth + 1)
    own, mine, lifted, left = e.doc[:8], [(n, g) for n, g in grants.items() if g.key == e.key], set(), collections.defaultdict(list)
    granted = lambda by: [g.depth for _, g in mine if g.registry == by and (own in (by, g.org) or by in above(own))]
    acts = lambda by, depth, below: by.depth <= depth and by.depth < below and judge(by.id, by.depth, by.depth) == "stands"
    for a, f in accepts:
        of_subject = a.doc[11:] in (e.doc[:8], e.doc[11:] if e.doc[8] == 6 else None) and a.doc[:8] in above(a.doc[11:]) and e.doc[8] in (4, 5, 6)
        may = granted(a.doc[:8]) if a.doc[8] == 1 else of_subject
        if a.depth < accepts_below and may and covers(f[0], e) and judge(a.id, FAR, a.depth) == "stands":
            lifted.add(a.doc[:8])
    for b, f in burns:
        if f[0] == e.key and (depths := granted(b.doc[:8])) and acts(b, max(depths), min(burns_below, e.depth + 1)):
            left[b.id, b.doc[:8]] += f[1]
    gone = any(not covers(p, e) and not lifted & {by, *above(by)} for (_, by), p in left.items())  # undone by whoever burnt, or from above
    if gone or lifted:
        return "burnt" if gone else "stands"
    best, one_use = of_root(e) if e.depth == 0 else "no_grant", e.grant in grants and grants[e.grant].one_use
    for name, g in mine if e.depth else []:
        gives = e.grant == name if one_use or g.one_use else writes(g, e.doc) and (e.doc[8] != 1 or g.depth <= e.depth)
        if best != "stands" and gives and judge(name[0], burns_below, accepts_below) == "stands":
            over = [f for by, f in ends if resolve(f[0], by.id) == name and by.doc[:8] == g.registry and acts(by, g.depth, burns_below)]
            past = [not covers(field(f, 2), e) if g.role in (3, 4, 5) else (e.time + 28800000) // 86400000 > f[1] for f in over]
            best = "ended" if any(past) else "stands"
    return best
def fits(form, v):
    if form.startswith("list of "):
        return isinstance(v, list) and all(fits(form[8:], x) for x in v)
    if form.endswith(" B"):
        return isinstance(v, bytes) and len(v) == int(form[:-2])
    simple = {"text": str, "bool": bool, "bytes": bytes, "sha256": bytes, "document": bytes}
    return isinstance(v, simple.get(form, list if form[0] == "(" or form in ("row", "position", "target", "evidence") else int))
def read_rows(e, types):
    for i, (_, number, _, fields) in ((i, o) for i, o in enumerate(e.ops) if o[0] == 0):
        of = types.get(number, [])
        named = {of[n][0] if n < len(of) else f"field_{n}": plain(v) for n, v in enumerate(fields)}
        well = all(fits(form.rstrip("?"), v) if v is not None else form[-1] == "?" for v, (_, form) in zip(fields + [None] * 99, of))
        yield {"name": f"{e.id.hex()}.{i}", "type": number, "standing": judge(e.id), "well": well, "time_ms": e.time, "fields": named}
def main():
    raw, waiting, before, failures = open(sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__), "rb").read(), [], None, []
    head = cbor2.load(f := io.BytesIO(raw))
    need(head[0] == "taizhang.audit-export/1", "not an audit export")
    while (at := f.tell()) < len(raw):
        waiting.append((len(waiting) + 1, cbor2.load(f), raw[at:f.tell()]))
    while len(waiting) != before:  # what rests on later items comes again, until nothing moves
        before, failures = len(waiting), [(w, refusal(*w[1:], head[1])) for w in waiting]
        waiting = [w for w, why in failures if why]
    failures = [{"item": n, "why": why} for (n, *_), why in failures if why]
    forms = open(sys.argv[sys.argv.index("--types") + 1], encoding="utf-8").read().partition("## 6.")[2] if "--types" in sys.argv else ""
    types = {int(n): re.findall(r"^\| `(\w+)` \| ([^|]+) \|", body, re.M) for n, body in re.findall(r"^### (\d+) (.*?)(?=^##)", forms, re.M | re.S)}
    rows = [row for e in entries.values() for row in read_rows(e, types)]
    failures += [{"item": row["name"], "why": "a row of another form"} for row in rows if not row["well"]]
    print(*(json.dumps(row, ensure_ascii=False) for row in rows if "--rows" in sys.argv), sep="\n")
    standing, places = collections.Counter(map(judge, entries)), collections.Counter(e[1:5] for e in entries.values())
    summary = {"entries": len(entries), "rows": len(rows), "standing": standing, "forks": sum(n > 1 for n in places.values())}
    print(json.dumps({"schema": "taizhang.verify-export/1", **summary, "failures": failures}))
    sys.exit(1 if failures else 0)
main()
