#!/usr/bin/env python3
"""Deterministic synthetic data of teachers' continuing education. Python stdlib only. No real person:
area codes 4298xx are not assigned in GB/T 2260, phones start with 120 (no mobile prefix).

  gen.py --schools N --teachers-per-school M --years Y --seed S --out DIR [--first-year 2008] [--gbk] [--messy]

DIR/orgs.csv                      county / township / school codes
DIR/roster/<school>.csv           one per school            DIR/activities/<org>.csv   plans & approvals of one organiser
DIR/attendance/<school>_<year>.csv attendance + assessment   DIR/signin/<school>_<year>.csv wide weekly sign-in (Tue/Thu, 3rd lesson)
DIR/transfers.csv leaves.csv corrections.csv
DIR/gbk/...                       the same files, GB18030 + CRLF (as Chinese Excel saves CSV)      (--gbk)
DIR/truth/roster.jsonl activities.jsonl registrations.jsonl   clean values, hours in hundredths
DIR/truth/injected.jsonl          every injected defect: file,row,col,kind,clean,dirty             (--messy)
The content of school k depends on (seed, k, years, teachers) only, so a larger N keeps the earlier schools.
(Teachers who move on are in the roster of their first school and in transfers.csv.)"""
import argparse, csv, io, json, os, random
from datetime import date, timedelta

SUR = ("王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙贺顾毛郝龚邵万钱严赖覃洪武莫孔" )
SURW = [int(1000 / (i + 3)) + 1 for i in range(len(SUR))]
DBL = ["欧阳", "上官", "司马", "诸葛", "夏侯", "皇甫"]
GM = "伟强军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆志建国文光海峰林东旭晨阳博天宁永福生德"
GF = "芳娜敏静丽艳娟霞秀英玲桂兰红梅雪琳婷慧颖莉倩洁丹萍薇欣怡佳雯月琴云莲淑珍凤燕晓春梦琪思雨"
RARE = ["䶮", "㛃", "𬍛", "𫖯", "𬭎", "喆", "堃", "犇", "昇", "燚"]   # several need 4-byte GB18030
ETH = ["汉族"] * 22 + ["土家族", "回族", "苗族", "彝族"]
SUBJ = {"kindergarten": ["幼儿综合"], "primary": ["语文", "数学", "英语", "科学", "道德与法治", "体育", "音乐", "美术", "信息科技"],
        "junior": ["语文", "数学", "英语", "物理", "化学", "生物", "历史", "地理", "道德与法治", "体育", "音乐", "美术"],
        "senior": ["语文", "数学", "英语", "物理", "化学", "生物", "历史", "地理", "思想政治", "体育与健康", "信息技术"]}
STAGE = {"kindergarten": "幼儿园", "primary": "小学", "junior": "初中", "senior": "高中"}
TITLE = ["未评", "三级教师", "二级教师", "一级教师", "高级教师", "正高级教师"]
DEG = {"kindergarten": ["中专", "大专", "大专", "本科"], "primary": ["大专", "大专", "本科", "本科"], "junior": ["大专", "本科", "本科", "本科"], "senior": ["本科", "本科", "本科", "硕士研究生"]}
COUNTY = ["青林县", "白沙区", "石桥县", "云台区", "清溪县", "龙泉市", "新河区", "东湖区", "南岭县"]
TOWN = ["太平", "永安", "双河", "石门", "黄土", "马家", "杨柳", "新集", "三里", "大湾", "清水", "古塘", "柏树", "红岩", "长岭", "花园"]
LEAF = ["希望", "实验", "第一", "第二", "育才", "明德", "春蕾", "光明", "东风", "中心", "河口", "高坪"]
TOPIC = ["新课程标准解读", "师德师风专题研修", "教育信息技术应用", "有效课堂教学策略", "班级管理与心理健康", "单元整体教学设计", "校园安全与应急", "学科核心素养", "作业设计与评价", "乡村教师教学能力提升"]
ID_W = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

def idno(area, b, seq):
    s = f"{area}{b:%Y%m%d}{seq:03d}"; return s + "10X98765432"[sum(int(c) * w for c, w in zip(s, ID_W)) % 11]
def rday(r, a, b): return a + timedelta(days=r.randrange((b - a).days + 1))
def name(r, sex):
    s = r.choice(DBL) if r.random() < .008 else r.choices(SUR, SURW)[0]
    pool = GM if sex == "男" else GF
    g = "".join(r.choice(pool) for _ in range(1 if r.random() < .22 else 2))
    if r.random() < .012: g = g[:-1] + r.choice(RARE)
    return s + g

class Out:
    def __init__(self, root, gbk, messy, seed):
        self.root, self.gbk, self.messy, self.seed = root, gbk, messy, seed; self.inj = []
    def path(self, rel):
        p = os.path.join(self.root, rel); os.makedirs(os.path.dirname(p), exist_ok=True); return p
    def csv(self, rel, head, rows, title=None, dates=(), hours=(), ids=(), keys=()):
        rows = [[str(c) for c in r] for r in rows]; bom = False; crlf = False
        if self.messy:
            head, rows, bom, crlf = self.mess(rel, list(head), rows, title, set(dates), set(hours), set(ids))
        else: rows = [list(head)] + rows
        b = io.StringIO(newline=""); csv.writer(b, lineterminator="\r\n" if crlf else "\n").writerows(rows); t = b.getvalue()
        with open(self.path(rel), "wb") as f: f.write((b"\xef\xbb\xbf" if bom else b"") + t.encode("utf-8"))
        if self.gbk:
            with open(self.path("gbk/" + rel), "wb") as f: f.write((t if crlf else t.replace("\n", "\r\n")).encode("gb18030"))
    def mess(self, rel, head, rows, title, dates, hours, ids):
        r = random.Random(f"{self.seed}:messy:{rel}"); col = {h: i for i, h in enumerate(head)}; out = []
        pre = []
        def log(row, c, kind, clean, dirty): self.inj.append(dict(file=rel, row=row, col=c, kind=kind, clean=clean, dirty=dirty))
        if title and r.random() < .6:
            pre.append([title] + [""] * (len(head) - 1)); log(1, "", "merged_title_row", "", title)
        if r.random() < .3:
            pre.append(["填表单位(盖章):"] + [""] * (len(head) - 3) + ["填表日期:", f"{r.randrange(2012, 2024)}年{r.randrange(1, 13)}月"][: 2 if len(head) >= 3 else 0]); log(len(pre), "", "form_line_above_header", "", pre[-1][0])
        h2 = [h + r.choice([" ", "\n", "\u3000"]) if r.random() < .12 else h for h in head]
        for i, h in enumerate(head):
            if h2[i] != h: log(len(pre) + 1, h, "header_whitespace", h, h2[i])
        out = pre + [h2]
        fw = {ord(ch): chr(ord(ch) + 0xFEE0) for ch in "0123456789X."}; cn = "零一二三四五六七八九十"
        for row in rows:
            q = list(row); n = len(out) + 1
            for h, i in col.items():
                v = q[i]
                if not v or r.random() > .06: continue
                k = None
                if h in dates:
                    y, m, d = map(int, v.split("-")); k, w = r.choice([("date_dots", f"{y}.{m}.{d}"), ("date_cn", f"{y}年{m}月{d}日"), ("date_excel_serial", str((date(y, m, d) - date(1899, 12, 30)).days)), ("date_slash", f"{y}/{m}/{d}"), ("date_compact", f"{y}{m:02d}{d:02d}"), ("date_time", f"{v} 0:00:00"), ("date_short_year", f"{y % 100:02d}.{m}.{d}")])
                elif h in hours:
                    k, w = r.choice([("hours_unit", v + "学时"), ("hours_unit", v + "课时"), ("hours_unit", v + " h"), ("hours_decimal", v if "." in v else v + ".0"), ("hours_fullwidth", v.translate(fw))] + ([("hours_cn", cn[int(v)])] if v.isdigit() and int(v) <= 10 else []))
                elif h in ids:
                    bad = v[:-1] + r.choice([c for c in "0123456789X" if c != v[-1]])
                    k, w = r.choice([("id_wrong_check_digit", bad), ("id_lower_x", v.lower()) if v.endswith("X") else ("id_leading_apostrophe", "'" + v), ("id_scientific", f"{v[0]}.{v[1:6]}E+17"), ("id_last_three_zero", v[:15] + "000"), ("id_fullwidth", v.translate(fw))])
                elif h == "姓名": k, w = r.choice([("name_inner_space", v[0] + " " + v[1:]), ("trailing_space", v + " "), ("ideographic_space", v[0] + "\u3000" + v[1:])])
                elif h == "性别" : k, w = r.choice([("sex_code", "1" if v == "男" else "2"), ("sex_suffix", v + "性")])
                else: k, w = r.choice([("trailing_space", v + "  "), ("nbsp", v + "\u00a0"), ("fullwidth_digits", v.translate(fw)), ("leading_tab", "\t" + v)])
                if k and w != v: q[i] = w; log(n, h, k, v, w)
            out.append(q)
            x = r.random()
            if x < .012: out.append(list(q)); log(len(out), "", "duplicate_row", "", str(n))
            elif x < .02: out.append([""] * len(head)); log(len(out), "", "blank_row", "", "")
        if r.random() < .35:
            t = ["合计"] + [""] * (len(head) - 1); t[-1] = f"{len(rows)}人"; out.append(t); log(len(out), "", "total_row", "", t[-1])
        bom, crlf = r.random() < .4, r.random() < .6
        if bom: log(0, "", "bom", "", "")
        return head, out, bom, crlf

def hs(h): return str(h // 100) if h % 100 == 0 else f"{h / 100:.2f}".rstrip("0")

def main():
    ap = argparse.ArgumentParser(); A = ap.add_argument
    A("--schools", type=int, default=12); A("--teachers-per-school", type=int, default=20); A("--years", type=int, default=5); A("--seed", default="1"); A("--out", required=True)
    A("--first-year", type=int, default=2008); A("--gbk", action="store_true"); A("--messy", action="store_true")
    a = ap.parse_args(); O = Out(a.out, a.gbk, a.messy, a.seed); Y = range(a.first_year, a.first_year + a.years)
    os.makedirs(os.path.join(a.out, "truth"), exist_ok=True)
    F = {k: open(O.path(f"truth/{k}.jsonl"), "w", encoding="utf-8") for k in ("roster", "activities", "registrations")}
    W = lambda k, o: F[k].write(json.dumps(o, ensure_ascii=False, sort_keys=True) + "\n")
    CITY = ("429800", "示范市"); ncounty = 6
    orgs = [(CITY[0], "city", CITY[1], ""), (CITY[0] + "T", "city_training_centre", CITY[1] + "中小学师资培训中心", CITY[0])]
    for c in range(ncounty):
        code = f"4298{c + 1:02d}"; orgs += [(code, "county", COUNTY[c], CITY[0]), (code + "T", "county_training_institution", COUNTY[c] + "教师进修学校", code)]
    acts = {}
    def act(aid, org, orgname, level, kind, nm, st, en, h, tags=(), r=None, registered=True):
        late = r.random() < .06; pend = r.random() < .02
        dec = st + timedelta(days=3) if late else st - timedelta(days=20)
        sub = dec - timedelta(days=10)
        o = dict(id=aid, org=org, org_name=orgname, org_level=level, kind=kind, name=nm, start=st.isoformat(), end=en.isoformat(), planned_h100=h, tags=list(tags), registered=registered,
                 plan={"state": "pending", "submitted": sub.isoformat()} if pend else {"state": "approved", "submitted": sub.isoformat(), "decided": dec.isoformat()})
        acts.setdefault(org, []).append(o); W("activities", o); return o
    city_a, county_a = {}, {}
    for y in Y:
        r = random.Random(f"{a.seed}:city:{y}")
        city_a[y] = [act(f"{CITY[0]}-{y}-{i:03d}", CITY[0] + "T", orgs[1][2], "city", "concentrated", f"{y}年市级{t}骨干教师培训班", date(y, 7, 6), date(y, 7, 5 + d), 800 * d, r=r) for i, (t, d) in enumerate([(r.choice(TOPIC), 5), (r.choice(TOPIC), 10)], 1)]
        for c in range(ncounty):
            code = f"4298{c + 1:02d}"; r = random.Random(f"{a.seed}:county:{code}:{y}"); L = []; on = COUNTY[c] + "教师进修学校"
            L.append(act(f"{code}-{y}-001", code + "T", on, "county", "concentrated", f"{y}年暑期全员培训:{r.choice(TOPIC)}", date(y, 8, 16), date(y, 8, 19), 3200, r=r))
            L.append(act(f"{code}-{y}-002", code + "T", on, "county", "online", f"{y}年远程网络研修", date(y, 9, 10), date(y, 12, 10), 2000, r=r, registered=r.random() > .1))
            L.append(act(f"{code}-{y}-003", code + "T", on, "county", "concentrated", f"{y}年班主任专项培训", date(y, 11, 5), date(y, 11, 6), 1600, ["head_teacher_training"], r=r))
            L.append(act(f"{code}-{y}-004", code + "T", on, "county", "concentrated", f"{y}年新教师岗前培训", date(y, 8, 24), date(y, 8, 28), 4000, ["preservice"], r=r))
            L.append(act(f"{code}-{y}-005", code + "T", on, "county", "concentrated", f"{y}年新教师试用期培训", date(y, 10, 8), date(y, 10, 12), 4000, ["new_teacher_training"], r=r))
            L.append(act(f"{code}-{y}-006", code + "T", on, "county", "nonconcentrated", f"{y}年学科教研活动", date(y, 3, 10), date(y, 6, 20), 1000, r=r))
            county_a[code, y] = L
    kinds_cn = {"concentrated": "集中培训", "nonconcentrated": "非集中培训", "school_based": "校本培训", "online": "网络培训", "degree": "学历教育"}; lev_cn = {"city": "市级", "county": "区县级", "school": "校级", "university": "高校"}
    transfers, leaves, corrs = [], [], []
    def school(k):
        r = random.Random(f"{a.seed}:school:{k}"); c = k % ncounty; tn = TOWN[(k // ncounty) % len(TOWN)]
        st = r.choices(["primary", "junior", "kindergarten", "senior"], [55, 27, 10, 8])[0]
        sc = {"kindergarten": "11", "primary": "21", "junior": "31", "senior": "34"}[st] + f"98{k + 1:06d}"
        sn = f"{COUNTY[c]}{tn}镇{r.choice(LEAF)}" + {"kindergarten": "幼儿园", "primary": r.choice(["小学", "小学", "完全小学", "教学点"]), "junior": "初级中学", "senior": "高级中学"}[st]
        return r, c, tn, st, sc, sn
    towns = set()
    for k in range(a.schools):
        r, c, tn, st, sc, sn = school(k); code = f"4298{c + 1:02d}"; tcode = f"{code}{100 + (k // ncounty) % len(TOWN):03d}"
        if tcode not in towns: towns.add(tcode); orgs.append((tcode, "township_central_school", f"{COUNTY[c]}{tn}镇中心学校", code))
        orgs.append((sc, "school", sn, tcode if st != "senior" else code))
        sa = {}
        for y in Y:
            sa[y] = [act(f"{sc}-{y}-S{s}", sc, sn, "school", "school_based", f"{y}年{'春' if s == 1 else '秋'}季学期校本培训", date(y, 3, 1) if s == 1 else date(y, 9, 1), date(y, 6, 30) if s == 1 else date(y, 12, 31), 2000, r=r) for s in (1, 2)]
        T = []; rows = []; att = {y: [] for y in Y}; sign = {y: [] for y in Y}
        for i in range(a.teachers_per_school):
            r = random.Random(f"{a.seed}:t:{k}:{i}"); sex = r.choices("女男", [62, 38])[0]; first = r.random() < .1
            hire = date(r.choice(list(Y)), 8, 20) if first else rday(r, date(Y[0] - 25, 7, 1), date(Y[0] - 1, 9, 1)); b = date(hire.year - r.randrange(21, 26), r.randrange(1, 13), r.randrange(1, 29))
            seq = r.randrange(1, 499) * 2 + (1 if sex == "男" else 0); age = Y[-1] - b.year; head = r.random() < .35
            t = dict(id=f"{code}{hire.year % 100:02d}{k:05d}{i:03d}", name=name(r, sex), sex=sex, idno=idno(code, b, seq), born=b.isoformat(), ethnic=r.choice(ETH), hired=hire.isoformat(), first_job=first, school=sc, stage=st, subject=r.choice(SUBJ[st]),
                     title=TITLE[min(5, max(0, (age - 22) // 8 + r.choice([-1, 0, 0])))] if not first else "未评", degree=r.choice(DEG[st]), head_teacher=head, phone="120" + f"{r.randrange(10**8):08d}", backbone=r.random() < .15, degree_study=r.random() < .06)
            T.append(t); W("roster", t)
            rows.append([i + 1, t["id"], t["name"], sex, t["idno"], t["born"], t["ethnic"], t["hired"], STAGE[st], t["subject"], t["title"], t["degree"], "是" if head else "否", "专任教师", t["phone"], ""])
            mine, regs = {}, []
            def go(o, by, p=.985):
                if date.fromisoformat(o["start"]) < hire or r.random() > p: return
                x = r.random(); h = o["planned_h100"]
                got = h if x < .86 else h * 4 // 5 if x < .88 else h * 4 // 5 + 50 if x < .9 else h - 100 * r.randrange(1, max(2, h // 500)) if x < .97 else h * r.randrange(2, 8) // 10
                ass = "pass" if r.random() < .985 else "fail"; aud = "approved" if r.random() < .985 else "pending"
                g = dict(id=f"{o['id']}/{t['id']}", teacher=t["id"], activity=o["id"], by=by, at=o["end"], attended_h100=got, assessment=ass, audit=aud)
                mine[o["id"]] = o; regs.append(g); W("registrations", g); y = int(o["end"][:4])
                if y in att: att[y].append([len(att[y]) + 1, o["id"], o["name"], t["id"], t["name"], hs(h), hs(got), r.choice([0, 0, 0, 1]), r.choice([0, 0, 0, 1]), hs((h - got) * 100 // 800) if got < h else 0, "合格" if ass == "pass" else "不合格", o["end"], ""])
                if r.random() < .01:
                    g2 = dict(g, id=g["id"] + "#c", attended_h100=max(0, got - 100), supersedes=g["id"], at=(date.fromisoformat(o["end"]) + timedelta(days=9)).isoformat()); regs.append(g2); W("registrations", g2)
                    corrs.append([g["id"], t["id"], o["id"], hs(got), hs(g2["attended_h100"]), g2["at"], "学时录入有误"])
                if r.random() < .012:
                    g3 = dict(g, id=g["id"] + "#d", by="school" if by == "organiser" else "organiser"); regs.append(g3); W("registrations", g3)
            for y in Y:
                L = county_a[code, y]
                for o in sa[y]: go(o, "school")
                go(L[0], "organiser", .9); go(L[1], "school", .8); go(L[5], "school", .7)
                if head and y % 2 == 0: go(L[2], "organiser")
                if first and hire.year == y: go(L[3], "organiser"); go(L[4], "organiser")
                if t["backbone"] and r.random() < .5: go(r.choice(city_a[y]), "organiser")
                if t["degree_study"]:
                    o = act(f"{t['id']}-{y}-D", t["id"] + "-D", r.choice(["华中", "江汉", "荆楚"]) + "师范大学(函授)", "university", "degree", "学历提升课程学习", date(y, 3, 1), date(y, 12, 20), 100 * r.choice([60, 80, 100, 120]), r=random.Random(f"{t['id']}:{y}")); acts.pop(t["id"] + "-D"); go(o, "school")
                marks = []
                for w in range(1, 19):
                    tue = r.choices(["√", "×", "假", "迟"], [60, 34, 3, 3])[0]; marks += [tue, "" if tue in "√迟" and r.random() < .93 else "√"]
                sign[y].append([i + 1, t["id"], t["name"]] + marks)
            if r.random() < .02 and a.schools > 1:
                d = date(r.choice(list(Y)), 9, 1); transfers.append([t["id"], t["name"], sc, sn, school((k + ncounty) % a.schools)[4], d.isoformat(), "随个人档案转移"])
            if r.random() < .015 and hire.year < Y[-1]:
                leaves.append([t["id"], t["name"], r.choice([y for y in Y if y > hire.year]), r.choice([3, 4, 5, 6, 12]), r.choice(["产假", "病假", "脱产进修"]), code + "T"])
        O.csv(f"roster/{sc}.csv", ["序号", "教师编号", "姓名", "性别", "身份证号", "出生日期", "民族", "参加工作时间", "任教学段", "任教学科", "职称", "学历", "是否班主任", "岗位类别", "联系电话", "备注"], rows, f"{sn}教师基本情况登记表", dates=["出生日期", "参加工作时间"], ids=["身份证号"])
        for y in Y:
            O.csv(f"attendance/{sc}_{y}.csv", ["序号", "活动编号", "活动名称", "教师编号", "姓名", "应到学时", "实到学时", "迟到次数", "早退次数", "请假天数", "考核结果", "登记日期", "备注"], att[y], f"{sn}{y}年教师继续教育考勤及学时登记表", dates=["登记日期"], hours=["应到学时", "实到学时"])
            O.csv(f"signin/{sc}_{y}.csv", ["序号", "教师编号", "姓名"] + [f"第{w}周{d}" for w in range(1, 19) for d in ("周二", "周四")], sign[y], f"{sn}{y}年春季学期校本培训签到表(周二、周四上午第三节)")
    for org, L in acts.items():
        O.csv(f"activities/{org}.csv", ["活动编号", "活动名称", "组织单位", "组织级别", "培训类别", "开始日期", "结束日期", "计划学时", "方案报送日期", "审核状态", "审核日期", "是否注册", "标签"],
              [[o["id"], o["name"], o["org_name"], lev_cn[o["org_level"]], kinds_cn[o["kind"]], o["start"], o["end"], hs(o["planned_h100"]), o["plan"]["submitted"], "已审核" if o["plan"]["state"] == "approved" else "待审核", o["plan"].get("decided", ""), "是" if o["registered"] else "否", "|".join(o["tags"])] for o in L],
              f"{L[0]['org_name']}培训计划一览表", dates=["开始日期", "结束日期", "方案报送日期", "审核日期"], hours=["计划学时"])
    O.csv("orgs.csv", ["机构代码", "机构类型", "机构名称", "上级代码"], sorted(set(orgs), key=lambda o: (o[1], o[0])))
    O.csv("transfers.csv", ["教师编号", "姓名", "调出学校代码", "调出学校", "调入学校", "调动日期", "档案"], transfers, dates=["调动日期"])
    O.csv("leaves.csv", ["教师编号", "姓名", "年度", "月数", "原因", "批准单位"], leaves)
    O.csv("corrections.csv", ["原登记编号", "教师编号", "活动编号", "原学时", "更正学时", "更正日期", "原因"], corrs, dates=["更正日期"], hours=["原学时", "更正学时"])
    for f in F.values(): f.close()
    if a.messy:
        with open(O.path("truth/injected.jsonl"), "w", encoding="utf-8") as f:
            for x in O.inj: f.write(json.dumps(x, ensure_ascii=False, sort_keys=True) + "\n")
    print(f"schools={a.schools} teachers={a.schools * a.teachers_per_school} injected={len(O.inj)} -> {a.out}")
if __name__ == "__main__": main()
