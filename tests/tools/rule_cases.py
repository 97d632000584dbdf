#!/usr/bin/env python3
"""Makes tests/data/rules/cases.json: for every rule of every policy the cases at its borders, so that shifting the rule changes a result.

   rule_cases.py > tests/data/rules/cases.json

The expected results come from oracle.py, never from the engine; "because" says what the case is for. With notes only where they matter."""
import json, sys
from datetime import timedelta
import oracle
from oracle import D, DAY, load

CASES = []

def act(aid, kind, start, h100, level="county", days=None, **more):
    days = days or max(1, -(-h100 // 800))
    end = more.pop("end", None) or (D(start) + timedelta(days=days - 1)).isoformat()
    return {"id": aid, "kind": kind, "org_level": level, "start": start, "end": end, "planned_h100": h100,
            "plan": {"state": "approved", "submitted": "2000-01-01", "decided": "2000-01-01"}, **more}

def reg(a, attended=None, **more):
    return {"id": f"r-{a['id']}", "activity": a["id"], "by": "school", "at": a["end"],
            "attended_h100": a["planned_h100"] if attended is None else attended, "assessment": "pass", "audit": "approved", **more}

def keep(cid, policy, because, as_of, pairs, notes=False, **more):
    """pairs: activity, or (activity, fields of its registration)."""
    pairs = [p if isinstance(p, tuple) else (p, {}) for p in pairs]
    teacher = {"id": "T1", "stage": "primary", "hired": "1996-09-01", **more.pop("teacher", {})}
    case = {"id": cid, "because": because, **({"adoptions": policy} if isinstance(policy, list) else {"policy": policy}), "as_of": as_of,
            "teacher": teacher, "activities": [a for a, _ in pairs], "registrations": [reg(a, **r) for a, r in pairs], **more}
    out, windows, remarks = oracle.evaluate(case)
    CASES.append({**case, "expected": out | {"windows": windows, "notes": remarks} if notes else out})

def keep_rule(cid, policy, rule, because, **args):
    case = {"id": cid, "because": because, "policy": policy, "op": "rule", "rule": rule, "args": args}
    CASES.append({**case, "expected": oracle.result(case)})

def of(policy, kind): return [r for r in load(policy)["rule"] if r["type"] == kind]
def first(policy): return int(load(policy)["cycle"]["start"][:4])
def last(policy): return f"{first(policy) + load(policy)['cycle']['years'] - 1}-12-31"
def short(policy): return policy.split("-")[0]

POLICIES = ["county-school-based-2023", "henan-vocational-2021", "hubei-hours", "kunming-2015", "moe-order-7", "shandong-2015",
            "tianjin-2013", "vocational-school", "wuhan-2008", "zhejiang-2004"]
FIT = {"registered": True}
FITS = {"substitute_allowed": True, "degree_level": "doctor", "days": 5}

def level_of(policy): return "school" if policy.startswith("county") else "county"

def every_kind():
    """convert, plan_required, assessment, forfeit by kind: each kind once, right; without a plan; failed; a fifth absent."""
    for p in POLICIES:
        kinds = [k for r in of(p, "convert") for k in r["kinds"]] + ["external"]
        y, lv = first(p), level_of(p)
        one = lambda k, n, h=8000, **more: act(f"{k}", k, f"{y}-{2 + n:02}-01", h, lv, **FIT, **more)
        keep(f"{short(p)}-kinds", p, "each kind once: it is converted, at its rate; a kind that no rule names is not", last(p),
             [(one(k, n), FITS) for n, k in enumerate(kinds)])
        keep(f"{short(p)}-floor", p, "99.99 hours of each kind: the floor shows a rate that is a little lower", last(p),
             [(one(k, n, 9999), FITS) for n, k in enumerate(kinds)])
        keep(f"{short(p)}-no-plan", p, "each kind once with a refused plan", last(p),
             [({**one(k, n), "plan": {"state": "refused", "decided": "2000-01-01"}}, FITS) for n, k in enumerate(kinds)])
        keep(f"{short(p)}-late-plan", p, "a plan decided on the first day is in time, one a day later is not, unless signed retroactive", last(p),
             [({**one(k, n, start_off), "plan": {"state": "approved", "decided": f"{y}-{2 + n:02}-{d}", **x}, "id": f"{k}{i}"}, FITS)
              for n, k in enumerate(kinds) for i, (d, x, start_off) in enumerate([("01", {}, 8000), ("02", {}, 8000), ("02", {"retroactive": True}, 8000)])])
        keep(f"{short(p)}-failed", p, "each kind once, failed", last(p), [(one(k, n), {**FITS, "assessment": "fail"}) for n, k in enumerate(kinds)])
        keep(f"{short(p)}-fifth", p, "absent for exactly a fifth, and for a hundredth of an hour less", last(p),
             [({**one(k, n, 4000), "id": f"{k}{at}"}, {**FITS, "attended": at}) for n, k in enumerate(kinds) for at in (3199, 3200, 3201)])

def competence():
    """Who announces, who decides on the plan, who audits: the office that is named, the one above it, the one below it."""
    for p in POLICIES:
        named = sorted({(k, lv) for t in ("authority", "deadline") for r in of(p, t) for k in r.get("kinds", ["concentrated", "school_based"])
                        for lv in r.get("org_levels", ["county", "school"])})
        kinds = [k for r in of(p, "convert") for k in r["kinds"]]
        for k, lv in named:
            if k not in kinds: continue
            one = lambda n, by, **more: act(f"{by}-{n}", k, f"{first(p)}-03-{n + 1:02}", 800, lv, **{"registered": True, **more})
            plan = lambda by: {"state": "approved", "decided": "2000-01-01", "decided_by": by}
            keep(f"{short(p)}-announced-{k}-{lv}", p, "announced by every office", last(p),
                 [(one(n, s, announced_by=s), FITS) for n, s in enumerate(oracle.SEATS)] + [({**one(9, "away"), "announced_by": "school", "outside_city": True, "recognised": True}, FITS)])
            keep(f"{short(p)}-decided-{k}-{lv}", p, "its plan decided by every office", last(p), [(one(n, s, plan=plan(s)), FITS) for n, s in enumerate(oracle.SEATS)])
            keep(f"{short(p)}-audited-{k}-{lv}", p, "audited by every office", last(p), [(one(n, s), {**FITS, "audited_by": s}) for n, s in enumerate(oracle.SEATS)])

def whole_programmes():
    """A part that nobody registered is missing; leave is counted over all parts."""
    p = "henan-vocational-2021"
    part = lambda n, kind: act(f"P{n}", kind, f"2021-0{n}-01", 8000, "province", programme="prov_professional", registered=True)
    both = [part(7, "concentrated"), part(8, "enterprise")]
    third = part(9, "concentrated")
    for cid, because, leaves, missing in [("henan-part-missing", "two parts of three are registered: nothing is completed", (0, 0), [third]),
                                 ("henan-leave-4", "two days of leave over all parts are not over two days", (2, 2), []),
                                 ("henan-leave-5", "two days and a half over all parts are", (2, 3), [])]:
        case = {"id": cid, "because": because, "policy": p, "as_of": last(p), "teacher": {"id": "T1", "stage": "vocational", "hired": "1996-09-01"},
                "activities": both + missing, "registrations": [reg(a, leave_halfdays=n) for a, n in zip(both, leaves)]}
        out, windows, remarks = oracle.evaluate(case)
        CASES.append({**case, "expected": out | {"windows": windows, "notes": remarks}})

def first_jobs():
    """Probation: a first post, none, and nobody said."""
    for p in POLICIES:
        for x in of(p, "min"):
            if x["scope"] != "probation": continue
            kinds = [k for r in of(p, "convert") if r["bucket"] in x["buckets"] for k in r["kinds"]]
            tags = {"tags": x["tags_any"]} if "tags_any" in x else {}
            hours = x["value"] * 10 if x["unit"] == "c100" else x["value"]
            for said, first_job in (("yes", True), ("no", False), ("unsaid", None)):
                for got in (hours, hours - 100):
                    keep(f"{short(p)}-{x['id']}-{said}-{got}", p, "what it asks for, and an hour less", last(p),
                         [(act("N", kinds[0], f"{first(p)}-03-01", got, "county", registered=True, **tags), FITS)],
                         teacher={"hired": f"{first(p)}-02-01", "first_job": first_job})

def borders_of_minimums():
    """min: exactly what it asks for and one less, tags that count and tags that do not, every bucket, each scope."""
    for p in POLICIES:
        kind_of = {r["bucket"]: r["kinds"][0] for r in reversed(of(p, "convert"))}
        for x in of(p, "min"):
            y, rate = first(p), {r["bucket"]: r["h100_per_credit"] for r in of(p, "convert")}
            hired = f"{y}-01-01" if x["scope"] == "probation" else "1996-09-01"
            roles = [] if x["who"] in ("all", "new_teacher") else [{"role": x["who"], "from": "1999-01-01"}]
            teacher = {"hired": hired, "first_job": x["scope"] == "probation", "roles": roles}
            tags = {"tags": x["tags_any"][:1]} if x.get("tags_any") else {}
            for less in (0, 1):
                acts = []
                for n, b in enumerate(x["buckets"]):
                    part = x["value"] // len(x["buckets"]) - (less if n == 0 else 0)
                    h = 100 if x["unit"] == "days" else -(-part * rate[b] // 100) if x["unit"] == "c100" else part
                    spread = 5 if x["scope"] == "cycle" else 1          # years, so that no yearly cap is in the way
                    for k in range(spread):
                        a = act(f"{b}{k}", kind_of[b], f"{y + k}-03-01", h // spread + (h % spread if k == 0 else 0), **FIT, **tags)
                        acts.append((a, {**FITS, "days": part}))
                for n, b in enumerate(x["buckets"]):
                    wrong = x.get("tags_exclude") or (["other"] if x.get("tags_any") else None)
                    if wrong: acts.append((act(f"w{b}", kind_of[b], f"{y}-07-01", 777, **FIT, tags=wrong), FITS))
                keep(f"{x['id']}-{'exact' if not less else 'short'}", p,
                     "reached exactly, by every bucket that counts" if not less else "one unit short; hours with other tags do not help", last(p), acts, teacher=teacher)

def wuhan():
    p = "wuhan-2008"
    on = lambda i, level, **more: act(f"O{i}", "online", f"2009-03-{i + 1:02}", 1000, level, **more)
    levels = ["county", "city", "province", "ministry", "school", "township", "university"]
    keep("WH-ELIG-levels", p, "registered network training of every level: from the county up it counts", "2009-12-31", [on(i, l, **FIT) for i, l in enumerate(levels)])
    keep("WH-ELIG-unregistered", p, "network training that nobody registered", "2009-12-31", [on(i, l) for i, l in enumerate(levels)])
    keep("WH-DAY", p, "nine hours on one day, seventeen on two: eight a day", "2009-12-31",
         [act("D1", "concentrated", "2009-03-02", 900, days=1), act("D2", "concentrated", "2009-04-06", 1700, days=2), act("D3", "concentrated", "2009-05-04", 800, days=1)])
    keep("WH-CAP-year", p, "120 hours of degree study in one year: 5 credits are 100 hours", "2009-12-31", [act("G1", "degree", "2009-03-01", 12000, "university")])
    keep("WH-CAP-cycle", p, "100 hours in each of five years: 20 credits are 400 hours", "2012-12-31",
         [act(f"G{n}", "degree", f"{2008 + n}-03-01", 10000, "university") for n in range(5)])

def henan():
    p, y = "henan-vocational-2021", 2021
    voc = {"teacher": {"stage": "vocational"}}
    for name, total in [("ministry_linkage", 16000), ("prov_professional", 16000), ("prov_public_course", 12000), ("prov_head_teacher", 8000)]:
        about = next(r for r in of(p, "programme") if r["programme"] == name).get("about", {})
        low, high = {b: v * 8 // 10 for b, v in about.items()}, {b: v * 12 // 10 for b, v in about.items()}
        for tag, parts, whole in [("exact", about, total), ("short", about, total - 1), ("low", low, total), ("high", high, total),
                                  ("too-low", {b: v - 1 for b, v in low.items()}, total), ("too-high", {b: v + 1 for b, v in high.items()}, total)]:
            kinds = {"online": "online", "practice": "enterprise"}
            acts = [act(f"P{b}", kinds[b], "2021-08-01", v, "province", programme=name) for b, v in parts.items()]
            acts.append(act("PF", "concentrated", "2021-07-05", whole - sum(parts.values()), "province", programme=name))
            keep(f"HN-{name}-{tag}", p, "planned hours at the programme's minimum and at a fifth beside «about»", "2021-12-31", acts, **voc)
    for online in (6000, 6001):
        keep(f"HN-share-{online}", p, "30 % online is the most; a hundredth more is a finding", "2021-12-31",
             [act("PO", "online", "2021-08-01", online, "ministry", programme="ministry_linkage"),
              act("PF", "concentrated", "2021-07-05", 20000 - online, "ministry", programme="ministry_linkage")], **voc)
    for n in (4, 5):
        keep(f"HN-leave-{n}", p, "over two days of leave: four half-days are not over, five are", "2021-12-31",
             [(act(f"L{k}", k, "2021-03-01", 800, "province"), {"leave_halfdays": n}) for k in ("concentrated", "enterprise", "online")], **voc)
    keep("HN-online-left", p, "one online course left", "2021-12-31",
         [(act(f"L{k}", k, "2021-03-01", 800, "province"), {"online_complete": False}) for k in ("concentrated", "enterprise", "online")], **voc)
    for trigger in ("no_show", "serious_breach", "rudeness"):
        starts = {"before": "2021-06-30", "after": "2021-07-01"}
        keep(f"HN-ban-{trigger}", p, "banned on 2016-07-01 for five years: 2021-06-30 is banned, 2021-07-01 is free; the county goes on", "2021-12-31",
             [act(f"B{l}{w}", "concentrated", s, 800, l) for l in ("ministry", "province", "county") for w, s in starts.items()],
             bans=[{"decided": "2016-07-01", "trigger": trigger}], **voc)
        keep(f"HN-ban-late-{trigger}", p, "banned on 2015-07-01: over since 2020", "2021-12-31", [act("B1", "concentrated", "2021-03-01", 800, "province")],
             bans=[{"decided": "2015-07-01", "trigger": trigger}], **voc)
    for day in ("2021-06-06", "2021-06-07", "2021-06-13", "2021-06-14"):
        keep_rule(f"HN-WINDOW-{day}", p, "HN-WINDOW-ENROL", "the window's ends and the days beside them", day=day)

def others():
    for p in ("moe-order-7", "shandong-2015"):
        keep(f"{short(p)}-no-degree", p, "degree study of a teacher without the qualified degree", last(p),
             [act("G", "degree", f"{first(p)}-03-01", 1000, "university")], teacher={"has_qualified_degree": False})
    order = oracle.DEGREES
    for stage, least in of("hubei-hours", "eligible_degree")[0]["min_level"].items():
        at = order.index(least)
        keep(f"HB-degree-{stage}", "hubei-hours", f"the lowest degree that counts for {stage} and the one below", "2015-12-31",
             [(act(f"G{n}", "degree", f"2012-0{n + 1}-01", 1000, "university"), {"degree_level": order[n]}) for n in (at - 1, at)], teacher={"stage": stage})
    p = "county-school-based-2023"
    keep("CS-substitute", p, "self-study and network training without leave to substitute", "2023-12-31",
         [act(k, k, "2023-04-04", 100, "school") for k in ("self_study", "online")])
    keep("CS-slot", p, "Tuesday's and Thursday's lesson are one content; the next week's is another; nothing to note", "2023-12-31",
         [act("S1", "school_based", "2023-03-07", 100, "school", content_id="w1"), act("S2", "school_based", "2023-03-09", 100, "school", content_id="w1"),
          act("S3", "school_based", "2023-03-14", 100, "school", content_id="w2")], notes=True)
    keep("CS-slot-off", p, "a Wednesday, and an hour and a half: noted, counted", "2023-12-31",
         [act("S1", "school_based", "2023-03-08", 100, "school", content_id="w1"), act("S2", "school_based", "2023-03-16", 150, "school", content_id="w2")], notes=True)
    p = "vocational-school"
    voc = {"teacher": {"stage": "vocational", "roles": [{"role": "voc_professional", "from": "1999-01-01"}]}}
    for cid, days in [("pair", [0, 21, 22, 0, 0]), ("short", [0, 21, 21, 0, 0]), ("even", [26] * 5), ("apart", [42, 0, 42, 0, 42])]:
        keep(f"VS-any-{cid}", p, "43 days in two years, or 130 in five; the line shows the window that comes nearest", "2004-12-31",
             [(act(f"E{y}", "enterprise", f"{2000 + y}-07-01", 800, "school"), {"days": d}) for y, d in enumerate(days) if d], notes=True, **voc)

def people_and_money():
    km = "kunming-2015"
    line = lambda t, day, level="county", category="", bucket="concentrated": {"teacher": t, "day": day, "org_level": level, "category": category, "bucket": bucket}
    trained = [line("a", "2014-12-31"), line("b", "2015-01-01"), line("b", "2016-05-01"), line("c", "2016-06-01", "city"), line("d", "2017-12-31"),
               line("e", "2018-01-01"), line("f", "2016-06-01", bucket="nonconcentrated")]
    for teachers in (1003, 10000, 25000):
        for r in of(km, "coverage"): keep_rule(f"{r['id']}-{teachers}", km, r["id"], "the window's first and last day count, the days beside do not; each teacher once", teachers=teachers, trained=trained)
    for p in (km, "zhejiang-2004"):
        for r in of(p, "quota"):
            y = r["year"] or 2005
            people = [line(f"t{n}", day, level, c) for n, c in enumerate([*r["parts"], "other"]) for day in (f"{y}-01-01", f"{y}-12-31") for level in (r["org_level"], "school")]
            people += [line(f"beside{day}", day, r["org_level"], [*r["parts"]][0]) for day in (f"{y - 1}-12-31", f"{y + 1}-01-01")]
            keep_rule(f"{r['id']}-all", p, r["id"], "one person for each category, in the year and beside it", trained=people)
        for r in of(p, "quota_sum"):
            keep_rule(f"{r['id']}-all", p, r["id"], "a person once for each category and year", trained=[line(t, f"{y}-06-01", "city", "backbone") for y in range(2013, 2020) for t in "abcdefg"[:y - 2012]])
        for r in of(p, "ratio"):
            for count in (1999, 2000, 2001, 799, 800, 1200, 1201): keep_rule(f"{r['id']}-{count}", p, r["id"], "the share asked for, and one person beside it", count=count, of=10000)
        for r in of(p, "degree_target"):
            for rural in (False, True):
                for what, bp in r["bp_rural" if rural else "bp"].items():
                    for count in (bp - 1, bp): keep_rule(f"{r['id']}-{what}-{'rural' if rural else 'all'}-{count}", p, r["id"], "the share asked for, and one teacher less", what=what, rural=rural, count=count, of=10000)
    for p in POLICIES:
        for r in of(p, "fund"):
            keep_rule(f"{r['id']}-due", p, r["id"], "what is due of a large base, and what is short", **({"base_fen": 48765432100} if "bp" in r else {}), paid_fen=2000000)
        for r in of(p, "select"):
            for n in (9, 10, 11, 34, 10000): keep_rule(f"{r['id']}-{n}", p, r["id"], "a floored share, or a number and never more than there are", n=n)
        for r in of(p, "deadline"):
            for submitted in ("2010-02-28", "2010-03-01", "2010-03-31", "2010-04-06", "2010-04-07", "2021-06-11", "2021-06-12"):
                for kind, level in ((r.get("kinds", ["online"])[0], r.get("org_levels", ["county"])[0]), ("degree", r.get("org_levels", ["county"])[0]), (r.get("kinds", ["online"])[0], "township")):
                    day = {"activity_start": {"start": "2010-03-31"}, "year_start": {"year_start": "2010-03-31"}, "fixed": {}}.get(r["anchor"], {"prep_week": "2010-03-31"})
                    keep_rule(f"{r['id']}-{submitted}-{kind}-{level}", p, r["id"], "in time on the last day; only what the rule names", kind=kind, org_level=level, submitted=submitted, **day)
            if "org_levels" in r:
                for level in r["org_levels"]:
                    day = {"activity_start": {"start": "2010-03-31"}, "fixed": {}}.get(r["anchor"], {"prep_week": "2010-03-31"})
                    keep_rule(f"{r['id']}-{level}", p, r["id"], "every level it names", kind=r.get("kinds", ["online"])[0], org_level=level, submitted="2010-02-28", **day)

def regimes():
    """D-21: the policy in force at an activity's end converts it, that of the cycle's end asks; overlays reach schools only."""
    change = [{"policy": "kunming-2015", "from": "2015-01-01"}, {"policy": "shandong-2015", "from": "2018-01-01"}]
    keep("D21-change", change, "Kunming converts 2017, Shandong 2018 and asks at the end of 2019; credits by Shandong's rate only where the bucket has one", "2019-12-31",
         [act("A17", "concentrated", "2017-12-25", 8000, end="2017-12-31"), act("A18", "concentrated", "2017-12-26", 8000, end="2018-01-01"), act("B18", "school_based", "2018-06-01", 36000, "school")])
    keep("D21-none", [{"policy": "kunming-2015", "from": "2016-01-01"}], "nothing was in force in 2015, and nothing is after 2017", "2018-06-30",
         [act("A15", "concentrated", "2015-12-01", 800), act("A16", "concentrated", "2016-01-01", 800), act("A17", "concentrated", "2017-12-31", 800), act("A18", "concentrated", "2018-01-01", 800)])
    keep("D21-next-cycle", [{"policy": "wuhan-2008", "from": "2008-12-16"}], "the second cycle, 2013 to 2017: hours of the first are outside", "2015-12-31",
         [act("A12", "concentrated", "2012-12-31", 800), act("A13", "concentrated", "2013-01-01", 800)])
    overlay = [{"policy": "tianjin-2013", "from": "2012-01-01"}, {"policy": "wuhan-2008", "from": "2017-01-01", "overlays": ["county-school-based-2023"]}]
    keep("D21-overlay", overlay, "from 2023 the county's overlay converts a school's self-study and counts a content once; other levels it does not reach", "2024-12-31",
         [act("U22", "self_study", "2022-12-31", 100, "school"), (act("U23", "self_study", "2023-01-02", 100, "school"), FITS), act("V23", "self_study", "2023-02-02", 100, "school"),
          (act("W23", "self_study", "2023-02-03", 100, "county"), FITS), act("S1", "school_based", "2023-03-07", 100, "school", content_id="w1"),
          act("S2", "school_based", "2023-03-09", 100, "school", content_id="w1"), act("C2", "nonconcentrated", "2023-03-10", 100, "county", content_id="w1")], notes=True)
    caps = [{"policy": "shandong-2015", "from": "2008-01-01"}, {"policy": "wuhan-2008", "from": "2009-07-01"}]
    keep("D21-caps", caps, "60 hours of degree study counted under Shandong stand against Wuhan's cap of 100 in the same year", "2009-12-31",
         [act("G1", "degree", "2009-01-05", 6000, "university", end="2009-06-30"), act("G2", "degree", "2009-07-01", 6000, "university", end="2009-12-20")])

def main():
    for make in (every_kind, competence, whole_programmes, first_jobs, borders_of_minimums, wuhan, henan, others, people_and_money, regimes): make()
    ids = [c["id"] for c in CASES]
    assert len(ids) == len(set(ids)), [i for i in ids if ids.count(i) > 1]
    lines = ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in CASES)
    sys.stdout.write('{"schema":1,"scenarios":[\n' + lines + "\n]}\n")

if __name__ == "__main__": main()
