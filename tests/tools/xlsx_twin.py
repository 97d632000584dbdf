#!/usr/bin/env python3
"""The xlsx twin of a folder of CSV sheets made by gen.py (stdlib only).

  xlsx_twin.py CSVDIR OUTDIR [--only PREFIX]...

Writes OUTDIR/<name>.xlsx for every CSVDIR/<name>.csv, as offices' workbooks look:
- a row with only its first cell filled above the header is merged over the width;
- 2023-05-01 becomes a date cell, an integer or decimal a number cell (a day number, too, without a date format);
- teacher numbers and organisation codes become number cells where a float written by Excel keeps them (at most 15 digits) or
  where their last digit shows that nothing was lost (WPS and scripts write 16); others stay text, as do ID numbers,
  except 4.29804E+17 and ...000, which become the floats that Excel makes of them;
- half of the text in shared strings, the rest inline, some of it in two runs."""
import argparse, csv, io, os, re, zipfile
from datetime import date
from xml.sax.saxutils import escape

def cell_ref(row, col):
    name = ""
    col += 1
    while col: col, rest = divmod(col - 1, 26); name = chr(65 + rest) + name
    return f"{name}{row}"

def number(text):
    """The text of a number cell, or None where the text must stay text."""
    if re.fullmatch(r"\d\.\d+E\+\d+", text): return text
    if re.fullmatch(r"\d{15}000", text): return text[:15] + "000"
    if not re.fullmatch(r"(0|[1-9]\d*)(\.\d+)?", text) or re.fullmatch(r"\d{18}", text): return None
    digits = text.replace(".", "")
    if len(digits) <= 15: return text
    return text if len(digits) == 16 and int(text) < 2 ** 53 and not text.endswith("0") else None

class Book:
    def __init__(self): self.strings, self.index = [], {}
    def string(self, text):
        if text not in self.index: self.index[text] = len(self.strings); self.strings.append(text)
        return self.index[text]
    def cell(self, row, col, text):
        ref = cell_ref(row, col)
        day = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
        if day: return f'<c r="{ref}" s="1"><v>{(date(*map(int, day.groups())) - date(1899, 12, 30)).days}</v></c>'
        if number(text) is not None: return f'<c r="{ref}"><v>{number(text)}</v></c>'
        safe = lambda t: f'<t xml:space="preserve">{escape(t)}</t>'
        kind = (row + col) % 4
        if kind < 2: return f'<c r="{ref}" t="s"><v>{self.string(text)}</v></c>'
        if kind == 2 or len(text) < 2: return f'<c r="{ref}" t="inlineStr"><is>{safe(text)}</is></c>'
        return f'<c r="{ref}" t="inlineStr"><is><r>{safe(text[:1])}</r><r><rPr><b/></rPr>{safe(text[1:])}</r></is></c>'
    def sheet(self, rows):
        out, merges, width, seen_header = [], [], max(map(len, rows), default=1), False
        for n, row in enumerate(rows, 1):
            filled = [i for i, v in enumerate(row) if v]
            if not seen_header and filled == [0] and width > 1: merges.append(f"A{n}:{cell_ref(n, width - 1)}")
            seen_header = seen_header or len(filled) > 3
            cells = "".join(self.cell(n, i, row[i]) for i in filled)
            if cells or n % 2: out.append(f'<row r="{n}">{cells}</row>')      # blank rows: some written, some left out
        merged = f'<mergeCells count="{len(merges)}">{"".join(f"<mergeCell ref=%s/>" % (chr(34) + m + chr(34)) for m in merges)}</mergeCells>' if merges else ""
        return f'{HEAD}<worksheet xmlns="{NS}"><sheetData>{"".join(out)}</sheetData>{merged}</worksheet>'

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PKG = "http://schemas.openxmlformats.org/package/2006"
PARTS = {
    "[Content_Types].xml": f'{HEAD}<Types xmlns="{PKG}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": f'{HEAD}<Relationships xmlns="{PKG}/relationships"><Relationship Id="rId1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{HEAD}<workbook xmlns="{NS}" xmlns:r="{REL}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PKG}/relationships"><Relationship Id="rId1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="{REL}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'{HEAD}<styleSheet xmlns="{NS}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
}

def write(path, rows):
    book = Book(); sheet = book.sheet(rows)
    strings = "".join(f'<si><t xml:space="preserve">{escape(s)}</t></si>' for s in book.strings)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        def put(name, text): z.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
        for name, text in PARTS.items(): put(name, text)
        put("xl/sharedStrings.xml", f'{HEAD}<sst xmlns="{NS}" count="{len(book.strings)}" uniqueCount="{len(book.strings)}">{strings}</sst>')
        put("xl/worksheets/sheet1.xml", sheet)

def main():
    ap = argparse.ArgumentParser(); ap.add_argument("source"); ap.add_argument("out"); ap.add_argument("--only", action="append", default=[])
    a = ap.parse_args(); n = 0
    for folder, _, names in sorted(os.walk(a.source)):
        for name in sorted(names):
            rel = os.path.relpath(os.path.join(folder, name), a.source)
            if not name.endswith(".csv") or rel.startswith("gbk") or (a.only and not any(rel.startswith(p) for p in a.only)): continue
            with open(os.path.join(folder, name), encoding="utf-8-sig", newline="") as f: rows = list(csv.reader(io.StringIO(f.read())))
            write(os.path.join(a.out, rel[:-4] + ".xlsx"), rows); n += 1
    print(f"workbooks={n} -> {a.out}")
if __name__ == "__main__": main()
