#!/usr/bin/env python3
"""The records of the byte-count benchmark: 6,000 single registrations and 40 more, as JSON (stdlib only).

Writes into the current folder:
  records-6000.json   the initial store (W1, W2, W3)
  records-40.json     the 40 new records of the incremental workload (W2)
  dataset.json        sizes: raw JSON, gzip -9, xz -9 (lower bounds to compare with)

usage: records.py [--seed 1]
"""
import argparse, gzip, hashlib, json, lzma, os, random, datetime as dt

PLACES = ["清河", "柳林", "石门", "云岭", "双桥", "白沙", "青山", "龙泉", "桃源", "大坪", "新塘", "南坡"]
THEMES = ["义务教育新课程标准解读", "小学语文大单元教学设计", "信息技术应用能力提升", "乡村教师班级管理实务",
          "留守儿童心理健康辅导", "双减背景下作业设计", "小学数学核心素养课堂", "英语绘本阅读教学研讨",
          "科学实验教学与安全", "师德师风专题学习", "校本课程开发与实施", "学前教育幼小衔接"]
FORMS = ["专题培训班", "线上研修活动", "集中观摩课", "送教下乡活动", "校本教研沙龙", "跟岗研修项目", "网络研修工作坊"]
KINDS = ["online", "workshop", "school-based", "observation", "visit"]
ORGS = ["教师发展中心", "教育局师训股", "教研室", "中心学校", "师范学院继续教育学院"]

def record(rng: random.Random, i: int) -> dict:
    start = dt.date(2023, 9, 1) + dt.timedelta(days=rng.randrange(0, 900))
    days = rng.choice([0, 0, 0, 1, 2, 4])
    place = rng.choice(PLACES)
    title = f"{place}县{rng.choice(THEMES)}{rng.choice(FORMS)}（第{rng.choice('一二三四五六七八九')}期）"
    rec_at = dt.datetime.combine(start, dt.time(8)) + dt.timedelta(days=days, minutes=rng.randrange(600, 4000))
    return {
        "id": "%032x" % rng.getrandbits(128),
        "teacher_id": "T%08d" % rng.randrange(3_610_0000, 3_610_0000 + 180),
        "title": title,
        "kind": rng.choice(KINDS),
        "hours": rng.choice([1, 1.5, 2, 3, 4, 6, 8, 16]),
        "start": start.isoformat(),
        "end": (start + dt.timedelta(days=days)).isoformat(),
        "organizer": f"{place}县{rng.choice(ORGS)}",
        "recorded_by": "U%06d" % rng.randrange(100, 112),
        "recorded_at": rec_at.isoformat() + "+08:00",
    }

def dump(o): return json.dumps(o, ensure_ascii=False, separators=(",", ":")).encode()

def main():
    ap = argparse.ArgumentParser(); ap.add_argument("--seed", type=int, default=1)
    seed = ap.parse_args().seed
    here = os.getcwd(); rng = random.Random(seed); info = {"seed": seed}
    recs = [record(rng, i) for i in range(6040)]
    for name, part in (("records-6000.json", recs[:6000]), ("records-40.json", recs[6000:])):
        raw = dump(part)
        open(os.path.join(here, name), "wb").write(raw)
        info[name] = {"records": len(part), "json_bytes": len(raw), "bytes_per_record": round(len(raw) / len(part), 1),
                      "gzip9": len(gzip.compress(raw, 9, mtime=0)), "xz9": len(lzma.compress(raw, preset=9)),
                      "sha256": hashlib.sha256(raw).hexdigest()}
    json.dump(info, open(os.path.join(here, "dataset.json"), "w"), indent=1); print(json.dumps(info, indent=1))

main()
