#!/usr/bin/env python3
"""An independent second opinion on the training rules. Python >= 3.11, standard library only.

   oracle.py POLICY < case.json      evaluates one case (the shape of docs/rules.md) and prints the result
   oracle.py --check scenarios.json  evaluates every case of the file and compares it with its "expected"
   oracle.py --batch                 one case a line in, one result a line out, until the input ends

A case has "policy": ID, or "adoptions": [{"policy": ID, "from": DATE, "overlays": [ID...]}...] and then dates decide (D-21).
Written from the regulations and from docs/rules.md, not from the engine: where the two disagree, read the regulation, then mend
the wrong one (docs/rules.md, "Differences settled"). Policies are those of crates/taizhang-rules/policies."""
import calendar, functools, json, os, sys, tomllib
from datetime import date, timedelta
from fractions import Fraction

POLICIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "crates", "taizhang-rules", "policies")
D = functools.lru_cache(maxsize=None)(date.fromisoformat)
DAY = timedelta(days=1)
DEGREES = ["secondary", "associate", "bachelor", "master", "doctor"]

@functools.lru_cache(maxsize=None)
def add_months(d, n):
    y, m = divmod(d.year * 12 + d.month - 1 + n, 12); m += 1
    return date(y, m, min(d.day, calendar.monthrange(y, m)[1]))

@functools.lru_cache(maxsize=None)
def load(pid):
    with open(f"{POLICIES}/{pid}.toml", "rb") as f: return tomllib.load(f)

def c100(h, per): return h * 100 // per if per else 0

# ---------------------------------------------------------------- which policy, which cycle
class Book:
    """The rules that reach one activity: a policy's, and for a school's activity those of its overlays."""
    def __init__(self, pid, overlays):
        self.pid, self.engine = pid, load(pid)["engine"]
        self.rules = {}
        base = load(pid)["rule"]
        taken = {k for r in base if r["type"] == "convert" for k in r["kinds"]}
        for source in (pid, *overlays):
            for r in load(source)["rule"]:
                r = {**r, "of": source}
                if r["type"] == "convert" and source != pid: r["kinds"] = [k for k in r["kinds"] if k not in taken]
                self.rules.setdefault(r["type"], []).append(r)
        self.convert = {k: r for r in self.of("convert") for k in r["kinds"]}
        self.rate = {}            # bucket: (policy that gives the rate, h100 of a credit)
        for r in self.of("convert"):
            if r["h100_per_credit"]: self.rate.setdefault(r["bucket"], (r["of"], r["h100_per_credit"]))
    def of(self, t): return self.rules.get(t, [])

book = functools.lru_cache(maxsize=None)(Book)

class Regime:
    def __init__(self, case):
        self.single = case.get("policy") if "adoptions" not in case else None
        self.adopted = sorted(case.get("adoptions", []), key=lambda a: D(a["from"]))   # stable: of one day the later in the list is last
    def at(self, day):
        """(policy id, overlay ids) in force on the day, or None."""
        if self.single: return self.single, ()
        begun = [a for a in self.adopted if D(a["from"]) <= day]
        if not begun: return None
        within = lambda pid, lower: (not lower or D(load(pid)["policy"]["effective_from"]) <= day) and \
            (not load(pid)["policy"]["effective_to"] or day <= D(load(pid)["policy"]["effective_to"]))
        a = begun[-1]
        if not within(a["policy"], False): return None
        return a["policy"], tuple(o for o in a.get("overlays", []) if within(o, True))
    def last_day(self, day):
        """The last day up to this one on which anything was in force, or None."""
        if self.at(day): return day
        ends = [D(load(a["policy"])["policy"]["effective_to"]) for a in self.adopted if load(a["policy"])["policy"]["effective_to"]]
        ends += [D(a["from"]) - DAY for a in self.adopted]
        ends = [e for e in ends if e <= day and self.at(e)]
        return max(ends, default=None)
    def cycle(self, as_of):
        """(first day, last day, years, (policy, overlays)) of the account, or None."""
        def round_of(pid, day):
            c = load(pid)["cycle"]; s = D(c["start"]); n = c["years"]
            while add_months(s, 12 * n) <= day: s = add_months(s, 12 * n)
            return s, add_months(s, 12 * n) - DAY, n
        def begins(pid): return D(load(pid)["cycle"]["start"])
        if self.single: return *round_of(self.single, begins(self.single)), self.at(as_of)
        day = self.last_day(as_of)
        if day is None: return None
        now = self.at(day)
        lived = [a for a in self.adopted if (t := self.at(D(a["from"]))) and [x for x in self.adopted if x["from"] == a["from"]][-1] is a]
        for pid in [now[0]] + [a["policy"] for a in lived if D(a["from"]) > as_of]:
            if begins(pid) > day: continue
            s, e, n = round_of(pid, day)
            if (t := self.at(e)) and t[0] == pid: return s, e, n, t
        for a in reversed(lived):
            if D(a["from"]) <= day and begins(a["policy"]) <= day:
                after = [D(x["from"]) for x in lived if D(x["from"]) > D(a["from"])]
                stop = self.last_day(min([day] + [x - DAY for x in after]))
                return *round_of(a["policy"], day), self.at(stop)
        return *round_of(now[0], begins(now[0])), now

# ---------------------------------------------------------------- engine
def evaluate(sc):
    """(the result of the standard form, lines of min_any, notes)"""
    regime = Regime(sc)
    as_of = D(sc["as_of"]); t = sc["teacher"]
    hired = D(t["hired"]); left = D(t["left"]) if t.get("left") else None
    acts = {a["id"]: a for a in sc["activities"]}
    cycle = regime.cycle(as_of)
    c0, cend, years, governing = cycle or (date.max, date.min, 0, None)
    findings = []
    books = {}
    for aid, a in acts.items():
        f = regime.at(D(a["end"]))
        books[aid] = book(f[0], f[1] if a["org_level"] == "school" else ()) if f else None
    rules = lambda aid, kind: books[aid].of(kind) if books[aid] else []
    chosen = choose(sc, acts, rules, findings)
    same = repeats(chosen, acts, rules)
    leave = {}                        # of a programme over all its parts, else of the one activity
    for aid, r in chosen.items(): leave.setdefault(acts[aid].get("programme") or (aid,), []).append(r.get("leave_halfdays", 0))
    res = {}
    for aid, r in chosen.items():
        a = acts[aid]; b = books[aid]; st, en = D(a["start"]), D(a["end"])
        cv = b.convert.get(a["kind"]) if b else None
        why = "no_policy_in_force" if b is None else first_failure(sc, t, a, r, b, aid in same, hired, left, c0, cend, sum(leave[a.get("programme") or (aid,)]))
        att, pl = r["attended_h100"], a["planned_h100"]
        h = min(att, pl)
        if att > pl: findings.append(f"attended_over_planned:{aid}")
        if cv and cv.get("day_h100"):
            lim = cv["day_h100"] * ((en - st).days + 1)
            if h > lim: findings.append(f"over_day_limit:{aid}"); h = lim
        res[aid] = dict(activity=aid, bucket=cv["bucket"] if cv else "", h100=h if why == "ok" else 0, excess_h100=0, reason=why, year=en.year)
    runs = programmes(chosen, acts, res, rules, findings)
    caps(res, acts, books)
    # sums; credits only here: floored once for each policy that gives a rate: the converting one, else that of the minimums (D-17, D-21)
    gov = book(*governing) if governing else None
    def rate(aid, bucket): return books[aid].rate.get(bucket) or (gov.rate.get(bucket) if gov else None) or ("", 0)
    def credits(hours):               # hours: {rate: h100}
        return sum(c100(h, per) for (_, per), h in hours.items()), any(per for _, per in hours)
    def sums(sel):
        o = {}
        for aid, e in res.items():
            if e["h100"] and sel(aid, e):
                by, r = o.setdefault(e["bucket"], {}), rate(aid, e["bucket"])
                by[r] = by.get(r, 0) + e["h100"]
        return o
    def shown(o):
        out = {}
        for b, per in sorted(o.items()):
            c, has = credits(per)
            out[b] = {"h100": sum(per.values()), "c100": c} if has else {"h100": sum(per.values())}
        return out
    by_year = {str(y): shown(sums(lambda i, e: e["year"] == y)) for y in sorted({e["year"] for e in res.values() if e["h100"]})}
    cyc = shown(sums(lambda i, e: True))
    outs, ontrack, windows = lines(sc, gov, c0, cend, years, as_of, hired, left, acts, chosen, res, sums, credits) if gov else ([], True, [])
    if any(o["status"] == "not_met" for o in outs + windows): status = "not_met"
    elif outs + windows and all(o["status"] == "met" for o in outs + windows): status = "met"
    elif outs + windows: status = "on_track" if ontrack else "behind"
    elif runs:
        whole = all(i in chosen for i, a in acts.items() if a.get("programme"))
        status = "completed" if whole and all(res[i]["reason"] in ("ok", "capped") for ids in runs.values() for i in ids) else "not_completed"
    else: status = "recorded"
    known = {r["id"] for r in sc["registrations"]}
    unknown = [f"supersedes_unknown:{r['id']}" for r in sc["registrations"] if r.get("supersedes") and r["supersedes"] not in known]
    absent = [f"programme_part_missing:{i}" for i, a in acts.items() if a.get("programme") and i not in chosen]
    if any(o["scope"] == "probation" and o["status"] == "open" for o in outs) and t.get("first_job", False) is None: findings.append(f"first_job_unknown:{t.get('id', '')}")
    notes = sorted(unknown + absent + remarks(acts, chosen, res, books))
    outs = outs + [w for w in windows if w["status"] != "open"]   # while it is open, no single window is asked for
    out = dict(activities=[res[i] for i in sorted(res)], by_year=by_year, cycle=cyc, rules=outs, status=status, findings=sorted(findings))
    return out, windows, notes

def choose(sc, acts, rules, findings):
    """Corrections, then one registration for each activity (D-20)."""
    regs = {r["id"]: r for r in sc["registrations"]}
    locks = {}
    for l in sc.get("locks", []): locks[l["year"]] = min(D(l["at"]), locks.get(l["year"], date.max))
    dead = set()
    for r in sorted(regs.values(), key=lambda r: (r["at"], r["id"])):
        s = r.get("supersedes")
        if not s: continue
        touched = {D(acts[x["activity"]]["end"]).year for x in (r, regs.get(s, r))}
        if any(y in locks and D(r["at"]) >= locks[y] for y in touched) and r["by"] not in ("county_training_institution", "city_training_centre"):
            dead.add(r["id"]); findings.append(f"correction_after_lock:{r['id']}")
        else: dead.add(s)
    byact = {}
    for r in regs.values():
        if r["id"] not in dead: byact.setdefault(r["activity"], []).append(r)
    def competent(aid, a):
        for x in rules(aid, "authority"):
            if a["kind"] in x.get("kinds", [a["kind"]]) and a["org_level"] in x.get("org_levels", [a["org_level"]]) and "register_by" in x:
                return x["register_by"]
        return "organiser"
    chosen = {}
    for aid, rs in sorted(byact.items()):
        if len(rs) > 1:
            kind = "duplicate_registration" if len({r["attended_h100"] for r in rs}) == 1 else "conflicting_registration"
            findings.append(f"{kind}:{aid}")
        p = competent(aid, acts[aid])
        chosen[aid] = max(rs, key=lambda r: (r["by"] == p, r["at"], r["id"]))
    return chosen

def repeats(chosen, acts, rules):
    """The same content counts once: the first by (start, id) of those that a repeat_slot rule reaches."""
    same, seen = set(), set()
    for aid in sorted(chosen, key=lambda i: (acts[i]["start"], i)):
        c = acts[aid].get("content_id")
        if c is None or not rules(aid, "repeat_slot"): continue
        if c in seen: same.add(aid)
        seen.add(c)
    return same

# ---------------------------------------------------------------- who may announce, decide, audit (DOMAIN 2.3)
SEATS = ["school", "township", "county", "city", "province"]
ANNOUNCES = {"ministry": 4, "province": 4, "city": 3, "county": 2, "township": 1, "school": 0}

def height(office, level):
    """How high an office of a policy is; None: it stands outside of this order."""
    if office == "education_bureau_same_level": return ANNOUNCES.get(level)
    for n, seat in enumerate(SEATS):
        if office == seat == "school" or office.startswith(seat + "_"): return n
    return None

def too_low(seat, offices, level):
    """Does the first rule that names an office name a higher one?"""
    need = height(offices[0], level) if offices else None
    return seat is not None and need is not None and SEATS.index(seat) < need

def first_failure(sc, t, a, r, b, repeated, hired, left, c0, cend, leave):
    k = a["kind"]; st, en = D(a["start"]), D(a["end"]); att, pl = r["attended_h100"], a["planned_h100"]
    if k not in b.convert: return "kind_not_counted"
    if not c0 <= en <= cend: return "outside_cycle"
    if st < hired: return "before_appointment"
    if left and en > left: return "after_leaving"
    if repeated: return "same_content"
    lv, away = a["org_level"], a.get("outside_city")
    reach = lambda x: k in x.get("kinds", [k]) and lv in x.get("org_levels", [lv])
    if not away and a.get("announced_by") and lv in ANNOUNCES and SEATS.index(a["announced_by"]) < ANNOUNCES[lv]: return "announcer_not_competent"
    plan = a.get("plan", {"state": "approved", "decided": a["start"]})
    if any(k in x["kinds"] for x in b.of("plan_required")):
        if plan["state"] != "approved": return "plan_not_approved"
        deciders = [x["submit_to"] for x in b.of("deadline") if x["what"] in ("plan", "semester_plan") and reach(x)]
        if not away and too_low(plan.get("decided_by"), deciders, lv): return "plan_decider_not_competent"
        if D(plan["decided"]) > st and not plan.get("retroactive"): return "plan_approved_late"
    if a.get("outside_city") and b.engine["transfer_in_outside"] == "needs_recognition" and not a.get("recognised"): return "needs_recognition"
    for x in b.of("eligible"):
        if k in x["kinds"]:
            if "org_levels" in x and a["org_level"] not in x["org_levels"]: return x["reason"]
            for q in x.get("requires", []):
                if q == "registered" and not a.get("registered"): return x["reason"]
                if q == "has_qualified_degree" and not t.get("has_qualified_degree", True): return x["reason"]
                if q == "substitute_allowed" and not r.get("substitute_allowed"): return x["reason"]
    for x in b.of("eligible_degree"):
        if k == "degree" and t["stage"] in x["min_level"]:
            has = r.get("degree_level")
            if has is None or DEGREES.index(has) < DEGREES.index(x["min_level"][t["stage"]]): return x["reason"]
    for x in b.of("ban"):
        if a["org_level"] in x["org_levels"]:
            for ban in sc.get("bans", []):
                if ban["trigger"] in x["triggers"] and D(ban["decided"]) <= st < add_months(D(ban["decided"]), 12 * x["years"]): return "banned"
    for x in b.of("forfeit"):
        if k not in x["kinds"]: continue
        cmp = {"ge": lambda u, v: u >= v, "gt": lambda u, v: u > v}[x.get("cmp", "ge")]
        if x["measure"] == "absent_share" and cmp((pl - min(att, pl)) * x["den"], pl * x["num"]): return "forfeit_absence"
        if x["measure"] == "leave_halfdays" and cmp(leave, x["value"]): return "forfeit_leave"
        if x["measure"] == "online_incomplete" and r.get("online_complete") is False: return "forfeit_online"
    for x in b.of("assessment"):
        if k in x["kinds"] and r.get("assessment", "pass") != "pass": return "assessment_failed" if r["assessment"] == "fail" else "not_assessed"
    if r.get("audit", "approved") != "approved": return "pending_audit" if r["audit"] == "pending" else "audit_rejected"
    if not away and too_low(r.get("audited_by"), [x["audit_by"] for x in b.of("authority") if "audit_by" in x and reach(x)], lv): return "auditor_not_competent"
    return "ok"

def programmes(chosen, acts, res, rules, findings):
    """All or nothing; and the plan's findings, by the policy in force at the end of the last part."""
    runs = {}
    for aid in sorted(chosen):
        if acts[aid].get("programme"): runs.setdefault(acts[aid]["programme"], []).append(aid)
    for p, ids in runs.items():
        absent = any(a.get("programme") == p and i not in chosen for i, a in acts.items())
        if absent or any(res[i]["reason"] != "ok" for i in ids):
            for i in ids:
                if res[i]["reason"] == "ok": res[i].update(reason="programme_not_completed", h100=0)
        tot = sum(acts[i]["planned_h100"] for i in ids)
        bk = {}
        for i in ids: bk[res[i]["bucket"]] = bk.get(res[i]["bucket"], 0) + acts[i]["planned_h100"]
        last = max(ids, key=lambda i: (acts[i]["end"], i))
        mine = lambda kind: [x for x in rules(last, kind) if x["programme"] == p]
        for x in mine("programme"):
            if tot < x["min_h100"]: findings.append(f"below_programme_minimum:{p}")
            for b, v in x.get("about", {}).items():
                if abs(bk.get(b, 0) - v) * 10000 > v * x["about_tolerance_bp"]: findings.append(f"about_out_of_tolerance:{p}:{b}")
        for x in mine("share_limit"):
            if bk.get(x["bucket"], 0) * 10000 > tot * x["bp_max"]: findings.append(f"online_share_over:{p}")
    return runs

def caps(res, acts, books):
    """A running clamp in the order (end, id), year caps before cycle caps, by the policy in force at the activity's end.
    Against a cap stands all that was counted in the bucket in that year or cycle; what is cut off is kept apart, never carried over."""
    used = {}
    for aid in sorted(res, key=lambda i: (acts[i]["end"], i)):
        e = res[aid]
        if not e["h100"]: continue
        b = books[aid]
        for x in sorted((x for x in b.of("cap") if x["bucket"] == e["bucket"]), key=lambda x: x["scope"] != "year"):
            lim = x["value"] * b.rate[x["bucket"]][1] // 100 if x["unit"] == "c100" else x["value"]
            take = max(0, min(e["h100"], lim - used.get((e["bucket"], e["year"] if x["scope"] == "year" else 0), 0)))
            e["excess_h100"] += e["h100"] - take; e["h100"] = take
        for span in (e["year"], 0): used[e["bucket"], span] = used.get((e["bucket"], span), 0) + e["h100"]
        if e["excess_h100"]: e["reason"] = "capped"

def lines(sc, gov, c0, cend, years, as_of, hired, left, acts, chosen, res, sums, credits):
    t = sc["teacher"]; prorate = gov.engine["prorate"] == "months"
    waive = {}
    for w in sc.get("waivers", []): waive[w["year"]] = max(waive.get(w["year"], 0), w["months"])
    def months(a, b):   # months of service between two month-aligned dates, month of hire counts whole
        s = max(a, date(hired.year, hired.month, 1)); e = min(b, left) if left else b
        if e < s: return 0
        n = (e.year - s.year) * 12 + e.month - s.month + 1
        def served(y):   # a waiver takes away months of its own year only
            p = next((k for k in range(years) if add_months(c0, 12 * k).year == y), None)
            if p is None: return n
            f = max(s, add_months(c0, 12 * p)); l = min(e, add_months(c0, 12 * p + 12) - timedelta(days=1))
            return max(0, (l.year - f.year) * 12 + l.month - f.month + 1) if l >= f else 0
        return max(0, n - sum(min(m, served(y)) for y, m in waive.items() if a.year <= y <= b.year))
    def amount(x, sel):
        def ok(aid, e):
            tg = set(acts[aid].get("tags", []))
            return e["bucket"] in x["buckets"] and sel(aid, e) and (not x.get("tags_any") or tg & set(x["tags_any"])) and not tg & set(x.get("tags_exclude", []))
        if x["unit"] == "days": return sum(chosen[i].get("days", 0) for i, e in res.items() if e["h100"] and ok(i, e))
        return sum(credits(per)[0] if x["unit"] == "c100" else sum(per.values()) for per in sums(ok).values())
    def role_days(role, a, b):
        n = 0
        for q in t.get("roles", []):
            if q["role"] == role:
                s, e = max(a, D(q["from"])), min(b, D(q["to"]) if q.get("to") else b)
                n += max(0, (e - s).days + 1)
        return n
    outs = []; ontrack = True
    for x in gov.of("min"):
        who = x["who"]
        if x["scope"] == "cycle":
            if who != "all" and not role_days(who, c0, min(cend, as_of)): continue
            m = months(c0, cend); need = x["value"] * m // (12 * years) if prorate and who == "all" else x["value"]
            got = amount(x, lambda i, e: True)
            stt = "met" if got >= need else ("not_met" if as_of >= cend else "open")
            if stt == "open":
                k = 0
                while k < years and add_months(c0, 12 * (k + 1)) - DAY <= as_of: k += 1
                me = months(c0, add_months(c0, 12 * k) - DAY) if k else 0
                if got < need * me // max(m, 1): ontrack = False
            outs.append(dict(rule=x["id"], scope="cycle", need=need, got=got, status=stt))
        elif x["scope"] == "year":
            for k in range(years):
                a, b = add_months(c0, 12 * k), add_months(c0, 12 * k + 12) - DAY
                if a > as_of: break
                if who != "all" and role_days(who, a, b) < 183: continue
                m = months(a, b)
                if m <= 0: continue
                need = x["value"] * m // 12 if prorate and x["unit"] != "days" and who == "all" else x["value"]
                got = amount(x, lambda i, e: e["year"] == a.year)
                outs.append(dict(rule=x["id"], scope=str(a.year), need=need, got=got, status="met" if got >= need else ("not_met" if as_of >= b else "open")))
        elif x["scope"] == "probation" and t.get("first_job", False) is not False:   # null: nobody said
            pe = add_months(hired, 12)
            if hired > cend or pe <= c0: continue
            got = amount(x, lambda i, e: hired <= D(acts[i]["start"]) and D(acts[i]["end"]) < pe)
            outs.append(dict(rule=x["id"], scope="probation", need=x["value"], got=got, status="met" if got >= x["value"] else ("not_met" if as_of >= pe and t["first_job"] else "open")))
    # any one window of whole policy years within the cycle suffices; the line shows the one that is nearest to what it asks for
    windows = []
    for x in gov.of("min_any"):
        if x["who"] != "all" and not role_days(x["who"], c0, min(cend, as_of)): continue
        tried = []
        for o in x["options"]:
            n = o["window_years"]
            for k in range(years - n + 1):
                a, b = add_months(c0, 12 * k).year, add_months(c0, 12 * (k + n)).year - 1
                tried.append((amount(x, lambda i, e: a <= e["year"] <= b), o["value"], str(a) if a == b else f"{a}-{b}"))
        if not tried: continue
        got, need, scope = max(tried, key=lambda w: Fraction(w[0], w[1]))   # of equals the first
        windows.append(dict(rule=x["id"], scope=scope, need=need, got=got, status="met" if got >= need else ("not_met" if as_of >= cend else "open")))
    return outs, ontrack, windows

def remarks(acts, chosen, res, books):
    """What is worth a look and changes no figure."""
    out = set()
    for aid, r in chosen.items():
        a, b = acts[aid], books[aid]
        if not b: continue
        k, st = a["kind"], D(a["start"])
        reach = lambda x: k in x.get("kinds", [k]) and a["org_level"] in x.get("org_levels", [a["org_level"]])
        by = [x["register_by"] for x in b.of("authority") if reach(x) and "register_by" in x]
        if by and by[0] != r["by"]: out.add(f"registrar_not_competent:{aid}")
        if k == "degree" and b.of("eligible_degree") and "degree_level" not in r: out.add(f"degree_level_missing:{aid}")
        for x in b.of("repeat_slot"):
            if k == "school_based" and "content_id" in a:
                if a["planned_h100"] != x["h100"]: out.add(f"slot_hours:{aid}")
                if st.isoweekday() not in x["weekdays"]: out.add(f"slot_weekday:{aid}")
        for x in b.of("deadline"):
            if x["what"] != "plan" or not reach(x) or x["anchor"] not in ("activity_start", "fixed"): continue
            due = D(x["date"]) if x["anchor"] == "fixed" else add_months(st, -x.get("months_before", 0))
            handed = a.get("plan", {}).get("submitted")
            if handed and D(handed) > due: out.add(f"plan_late:{aid}:{x['id']}:{due}")
    daily = lambda i: Fraction(chosen[i]["attended_h100"], (D(acts[i]["end"]) - D(acts[i]["start"])).days + 1)
    claimed = [i for i in sorted(chosen) if chosen[i]["attended_h100"] and res[i]["reason"] != "audit_rejected"]
    for n, i in enumerate(claimed):
        for j in claimed[n + 1:]:
            if acts[i]["start"] <= acts[j]["end"] and acts[j]["start"] <= acts[i]["end"] and daily(i) + daily(j) > 800:
                out.add(f"possible_duplicate:{i}:{j}")   # D-24
    return list(out)

# ---------------------------------------------------------------- calculations that need no ledger
def calc(op, a):
    if op == "due_date": return {"due": add_months(D(a["start"]), -a["months_before"]).isoformat(), "late": D(a["submitted"]) > add_months(D(a["start"]), -a["months_before"])}
    if op == "select_floor": return {"count": a["n"] * a["bp"] // 10000}
    if op == "coverage_split":
        tgt = -(-a["teachers"] * a["bp"] // 10000); cum = 0; out = []; prev = 0
        for s in a["split_bp"]:
            cum += s; c = -(-a["teachers"] * a["bp"] * cum // (10000 * 10000)); c = min(c, tgt); out.append(c - prev); prev = c
        return {"target": tgt, "per_year": out}
    if op == "quota_progress":
        o = {k: {"quota": q, "done": len(set(a["trained"].get(k, []))), "bp": len(set(a["trained"].get(k, []))) * 10000 // q} for k, q in a["parts"].items()}
        allp = set(x for v in a["trained"].values() for x in v)
        return {"parts": o, "total_quota": sum(a["parts"].values()), "distinct_people": len(allp)}
    if op == "fund": return {"need_fen": a["base_fen"] * a["bp"] // 10000, "short_fen": max(0, a["base_fen"] * a["bp"] // 10000 - a["paid_fen"])}
    if op == "banned":
        d = D(a["decided"]); return {"last_banned_day": (add_months(d, 12 * a["years"]) - DAY).isoformat(), "banned": d <= D(a["start"]) < add_months(d, 12 * a["years"])}
    if op == "minutes_to_h100": return {"h100": min(a["minutes"] // 45 * 100, 800)}
    if op == "id_check":
        s = a["id"]; w = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
        c = "10X98765432"[sum(int(x) * y for x, y in zip(s, w)) % 11]
        return {"valid": s[17] == c, "masked": s[:4] + "*" * 12 + s[16:]}
    raise KeyError(op)

def by_rule(policy, rid, a):
    """A calculation by one rule of a policy, with that rule's own numbers."""
    x = next(r for r in load(policy)["rule"] if r["id"] == rid); t = x["type"]
    trained = a.get("trained", [])
    share = lambda need, met: {"bp": a["count"] * 10000 // a["of"], "need_bp": need, "met": met}
    if t == "coverage":
        split = x.get("split_bp", [])
        days = {}     # first day of each teacher in the window (D-13)
        for l in trained:
            if x["window_from"] <= l["day"] <= x["window_to"] and l["bucket"] == x["bucket"] and l["org_level"] in x.get("org_levels", [l["org_level"]]):
                days[l["teacher"]] = min(l["day"], days.get(l["teacher"], l["day"]))
        plan = calc("coverage_split", {"teachers": a["teachers"], "bp": x["bp"], "split_bp": split or [10000]})
        first, last = int(x["window_from"][:4]), int(x["window_to"][:4])
        per = plan["per_year"] if split else [0] * (last - first) + [plan["target"]]
        years, ts, ds = [], 0, 0
        for n, y in enumerate(range(first, last + 1)):
            done = sum(d[:4] == str(y) for d in days.values()); ts += per[n]; ds += done
            years.append({"year": y, "target": per[n], "done": done, "target_sum": ts, "done_sum": ds})
        return {"target": plan["target"], "done": len(days), "bp": len(days) * 10000 // a["teachers"], "years": years}
    if t in ("quota", "quota_sum"):
        years = x["years"] if t == "quota_sum" else [x["year"]] if x["year"] else []
        ls = [l for l in trained if l["org_level"] == x["org_level"] and (not years or int(l["day"][:4]) in years)]
        part = lambda q, n: {"quota": q, "done": n, "bp": n * 10000 // q}
        places = {(l["category"], l["day"][:4] if years else "", l["teacher"]) for l in ls if t == "quota_sum" or l["category"] in x["parts"]}
        out = {"total": part(x["total"], len(places)), "distinct_people": len({l["teacher"] for l in ls})}
        if t == "quota": out["parts"] = {k: part(q, len({l["teacher"] for l in ls if l["category"] == k})) for k, q in x["parts"].items()}
        return out
    if t == "select": return {"count": a["n"] * x["bp"] // 10000 if "bp" in x else min(x["count"], a["n"])}
    if t == "fund":
        need = a["base_fen"] * x["bp"] // 10000 if "bp" in x else x["fen"]
        return {"need_fen": need, "short_fen": max(0, need - a["paid_fen"])}
    if t == "deadline":
        if any(key in x and a.get(arg) not in x[key] for key, arg in (("kinds", "kind"), ("org_levels", "org_level"))): return {"applies": False}
        if x["anchor"] == "fixed": due = D(x["date"])
        elif x["anchor"].endswith("prep_week"): due = D(a["prep_week"]) + 6 * DAY      # the week's last day is in time
        else: due = D(a["start"] if x["anchor"] == "activity_start" else a["year_start"])
        due = add_months(due, -x.get("months_before", 0))
        return {"applies": True, "due": due.isoformat(), "late": D(a["submitted"]) > due}
    if t == "window": return {"open": x["from"] <= a["day"] <= x["to"]}
    if t == "ratio":
        if "bp_min" in x: return share(x["bp_min"], a["count"] * 10000 >= x["bp_min"] * a["of"])
        return share(x["bp_about"], abs(a["count"] * 10000 - x["bp_about"] * a["of"]) * 5 <= x["bp_about"] * a["of"])   # D-11
    if t == "degree_target":
        need = x["bp_rural" if a.get("rural") else "bp"][a["what"]]
        return share(need, a["count"] * 10000 >= need * a["of"]) | {"under_age": x["under_age"]}
    raise KeyError(t)

def result(case):
    if case.get("op") == "rule": return by_rule(case["policy"], case["rule"], case["args"])
    return calc(case["op"], case["args"]) if "op" in case else evaluate(case)[0]

def explained(case):
    """The result with what the standard form leaves out."""
    out, windows, notes = evaluate(case)
    return out | {"windows": windows, "notes": notes}

def main(argv):
    if not argv or argv[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if argv[0] == "--check":
        cases = [c for path in argv[1:] for c in json.load(open(path, encoding="utf-8"))["scenarios"]]
        bad = [c["id"] for c in cases if (explained if "notes" in c["expected"] else result)(c) != c["expected"]]
        print(len(cases), "cases,", len(bad), "differ", *bad)
        return 1 if bad else 0
    if argv[0] == "--batch":
        for line in sys.stdin:
            sys.stdout.write(json.dumps(explained(json.loads(line)), ensure_ascii=False, separators=(",", ":")) + "\n")
            sys.stdout.flush()
        return 0
    case = json.load(sys.stdin)
    if "adoptions" not in case: case.setdefault("policy", argv[0])
    json.dump(result(case), sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
    print()
    return 0

if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
