//! Two forgeries by people who know what they do, and how the product's own checks name them.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use taizhang_core::{
    cbor::{CborError, Reader},
    entries::Entries,
    id::{AttachmentId, DocId, EntryId, Kind},
    op::PayloadBuilder,
    rows::{Rollup, RowType},
};
use taizhang_node::{
    core::{Act, Core},
    error::{CommandError, Text},
    keyfile,
};
use taizhang_rules::rollup::Lines;

use super::{
    machine::{Machine, PASSPHRASE, failed},
    sample::YEAR,
    story::{Story, check, differs, sync},
};

/// Hours that the dishonest county adds to one school, in hundredths.
const ADDED_H100: u64 = 100_000;

/// Exit code of a failed verification.
const VERIFICATION_FAILED: i32 = 4;

/// Both forgeries are made and caught.
pub(super) fn catch(story: &mut Story, rollups: &[String]) -> Result<(), CommandError> {
    story.chapter("两次造假, 两次被发现", "Two forgeries, both caught");
    let honest = rollups.first().and_then(|id| EntryId::from_hex(id));
    let honest = honest.ok_or_else(|| differs("没有汇总", "there is no rollup"))?;
    rollup(story, honest)?;
    entry(story)
}

/// A county with a valid key publishes sums that are not those of its schools' entries: lines, totals, roots and signature all fit together.
fn rollup(story: &mut Story, honest: EntryId) -> Result<(), CommandError> {
    let county = story.counties.first_mut().ok_or_else(|| differs("没有县", "there is no county"))?;
    county.stop()?;
    let forged = publish_lie(county, honest)?;
    county.start()?;
    sync(county)?;
    let id = forged.to_string();
    let city = story.city.folder.path();
    let (shallow, _) = Machine::command_line(city, &["rollup", "verify", &id])?;
    let (deep, answer) = Machine::command_line(city, &["rollup", "verify", &id, "--deep"])?;
    check(
        shallow == 0,
        &format!("造假的汇总自身不一致 (退出码 {shallow})"),
        &format!("the lie does not agree with itself (exit code {shallow})"),
    )?;
    let named = answer.to_string();
    check(deep == VERIFICATION_FAILED, &format!("退出码 {deep}: {named}"), &format!("exit code {deep}: {named}"))?;
    let why = said(&answer);
    story.say(
        &format!("县里有人给一所学校多加了 1000 学时, 合计、根和签名都做得一致。只看签名与合计查不出; 市里从学校的签名条目重算, 退出码 {deep}: {}", why.zh),
        &format!("Someone at the county adds 1,000 hours to one school, with totals, roots and signature to match. Signature and sums alone do not show it; recomputed from the schools' signed entries, exit code {deep}: {}", why.en),
    );
    Ok(())
}

fn publish_lie(county: &Machine, honest: EntryId) -> Result<EntryId, CommandError> {
    let mut core = Core::open(county.folder.clone(), &mut |_, _, _| {})?;
    let document = DocId::of_year(core.org(), Kind::Rollup, YEAR);
    let view = core.view(&document)?;
    let row = view.rows_of(honest).find_map(|r| r.read::<Rollup>());
    let mut row = row.ok_or_else(|| differs("找不到汇总", "the rollup is not there"))?.row;
    let bytes = core.store().attachment(&row.lines).map_err(CommandError::storage)?;
    let lines = bytes.as_deref().map(Lines::parse).transpose().map_err(CommandError::storage)?;
    let mut lines = lines.ok_or_else(|| differs("找不到汇总的明细", "the lines of the rollup are not there"))?;
    let school = lines.schools.iter_mut().find(|s| s.tally.all.approved_h100 > 0);
    let school = school.ok_or_else(|| differs("没有认定学时", "no approved hours"))?;
    school.tally.all.approved_h100 += ADDED_H100;
    let lines_bytes = lines.to_bytes();
    row.lines = AttachmentId(Sha256::digest(&lines_bytes).into());
    row.lines_root = lines.root();
    row.totals = lines.totals();
    let mut payload = PayloadBuilder::default();
    payload.row(Rollup::TYPE, &[], &row.to_fields());
    let mut act = Act { writes: Vec::new(), attachments: vec![(row.lines, lines_bytes)] };
    act.write(document, payload);
    let key = keyfile::list(&county.folder)?.first().map(|k| k.public);
    let key = key.ok_or_else(|| differs("县里没有密钥", "the county has no key"))?;
    let person = keyfile::unlock(&county.folder, key, PASSPHRASE)?;
    core.write(&person, act)?.first().copied().ok_or_else(|| differs("没有写入", "nothing was written"))
}

/// Someone with access to a disk changes hours in a signed entry, corrects the checksum and removes the index, so that the file is flawless as a file.
fn entry(story: &mut Story) -> Result<(), CommandError> {
    story.city.stop()?;
    let copy = story.city.copy(&story.base.join("city-forged"))?;
    let forged = raise_hours(&copy.join("store"))?;
    let (exit, answer) = Machine::command_line(&copy, &["audit", "verify"])?;
    let named = answer.to_string();
    check(exit == VERIFICATION_FAILED, &format!("退出码 {exit}: {named}"), &format!("exit code {exit}: {named}"))?;
    let id = finding(&answer, "signature", "entry");
    let id = id.ok_or_else(|| differs(format!("没有指出条目: {named}"), format!("no entry is named: {named}")))?;
    // The original holds the county's lie, and nothing else that is wrong.
    let (_, original) = Machine::command_line(story.city.folder.path(), &["audit", "verify"])?;
    let liar = finding(&original, "rollup", "org");
    let (wrong, named) = (finding(&original, "signature", "entry"), original.to_string());
    check(wrong.is_none(), &format!("原件: {named}"), &format!("the original: {named}"))?;
    let liar = liar.ok_or_else(|| differs(format!("没有指出汇总: {named}"), format!("the rollup is not named: {named}")))?;
    let (at, short) = (forged.display(), id.chars().take(12).collect::<String>());
    story.say(
        &format!("在市里数据的一份拷贝上, 有人把一条登记从 4.5 学时改成 9 学时, 并改好了校验码 ({at})。审计退出码 {exit}, 指出条目 {short}…: 签名无效。原件没有这一处, 只指出 {liar} 的那份假汇总。"),
        &format!("On a copy of the city's data someone changes one record from 4.5 to 9 hours and corrects the checksum ({at}). The audit ends with exit code {exit} and names entry {short}…: its signature is not valid. In the original only the lie of {liar} is named."),
    );
    Ok(())
}

fn said(answer: &Value) -> Text {
    let half = |lang: &str| answer.pointer(&format!("/what/{lang}")).and_then(Value::as_str).unwrap_or_default().to_owned();
    Text::new(half("zh"), half("en"))
}

/// A field of the first finding of a sort.
fn finding(answer: &Value, what: &str, field: &str) -> Option<String> {
    let findings = answer.pointer("/details/findings")?.as_array()?;
    let finding = findings.iter().find(|f| f.get("what").and_then(Value::as_str) == Some(what))?;
    finding.get(field)?.as_str().map(str::to_owned)
}

/// A list of two; a number of four bytes.
const RECORD_HEAD: u8 = 0x82;
const U32_HEAD: u8 = 0x1a;
/// COSE_Sign1.
const ENTRY_TAG: u64 = 18;
/// 450 as the CBOR of a row, behind the title of the training; and 900, as long.
const HOURS: [u8; 3] = [0x19, 0x01, 0xc2];
const RAISED: [u8; 3] = [0x19, 0x03, 0x84];

/// Changes one entry in the journal; returns the file.
fn raise_hours(store: &Path) -> Result<PathBuf, CommandError> {
    let mut files = Vec::new();
    for file in std::fs::read_dir(store.join("journal")).map_err(failed)? {
        files.push(file.map_err(failed)?.path());
    }
    for path in files {
        let mut bytes = std::fs::read(&path).map_err(failed)?;
        let salt = path.file_stem().and_then(|n| n.to_str()?.split_once('-')).and_then(|(_, s)| u32::from_str_radix(s, 16).ok());
        let Some(salt) = salt else { continue };
        if let Some((from, to)) = hours_in(&bytes) {
            bytes.splice(from..to, RAISED);
            correct_checksum(&mut bytes, from, salt).map_err(CommandError::storage)?;
            std::fs::write(&path, bytes).map_err(failed)?;
            std::fs::remove_dir_all(store.join("index")).map_err(failed)?;
            return Ok(path);
        }
    }
    Err(differs("找不到要改的条目", "the entry to change was not found"))
}

fn hours_in(bytes: &[u8]) -> Option<(usize, usize)> {
    let title = bytes.windows(super::weather::TITLE.len()).position(|w| w == super::weather::TITLE.as_bytes())?;
    let hours = bytes.get(title..)?.windows(HOURS.len()).position(|w| w == HOURS)?;
    Some((title + hours, title + hours + HOURS.len()))
}

/// A record is `[crc32c(salt ‖ inner), inner]`, inner a list of entries under tag 18; the checksum of the record around `place` is made anew.
fn correct_checksum(bytes: &mut Vec<u8>, place: usize, salt: u32) -> Result<(), CborError> {
    let mut start = 0;
    loop {
        let rest = bytes.get(start..).unwrap_or_default();
        let mut r = Reader::new(rest);
        r.array_of(2)?;
        r.uint()?;
        let inner_at = r.position();
        for _ in 0..r.array()? {
            r.tag(ENTRY_TAG)?;
            r.item()?;
        }
        let end = r.position();
        if start + end > place {
            let inner = rest.get(inner_at..end).unwrap_or_default();
            let crc = crc32c::crc32c_append(crc32c::crc32c(&salt.to_be_bytes()), inner);
            let head = [&[RECORD_HEAD, U32_HEAD], crc.to_be_bytes().as_slice()].concat();
            bytes.splice(start..start + inner_at, head);
            return Ok(());
        }
        start += end;
    }
}
