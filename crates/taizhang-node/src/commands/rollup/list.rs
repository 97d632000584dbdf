//! `rollup list`: every rollup that is here, so that one can be named.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    rows::{Rollup, RowType},
};

use super::super::{Context, shown};
use crate::{command::Reply, error::CommandError};

/// The rollups of the organisations known here, of one organisation where it is named; the newest of a year last.
pub(crate) fn list(c: &Context<'_>, org: Option<&str>) -> Result<Reply, CommandError> {
    let org = org.map(|o| c.org(o)).transpose()?;
    let wanted = |d: &DocId| d.kind == Kind::Rollup && org.is_none_or(|o: OrgId| d.owner == o);
    let mut found: Vec<(String, u16, u64, Json)> = Vec::new();
    for view in shown::views(c.core, wanted)? {
        let current: BTreeSet<_> = view.current().into_iter().map(|r| r.name).collect();
        for row in view.rows.values().filter(|r| r.row_type == Rollup::TYPE) {
            let Some(rollup) = row.read::<Rollup>().map(|p| p.row) else { continue };
            // A rollup that a later one replaces still counts as an entry; the person asks which one is in force.
            let standing = if view.counts(row) && !current.contains(&row.name) { "superseded" } else { row.standing.word() };
            let owner = shown::org(c.core, view.document.owner);
            let json = json!({
                "org": owner, "period": rollup.period, "as_of": rollup.as_of.to_string(), "rollup": row.name.entry.to_string(),
                "teachers": rollup.teachers, "standing": standing, "time_ms": row.time.0,
            });
            found.push((owner, rollup.period, row.time.0, json));
        }
    }
    found.sort_by(|a, b| (&a.0, a.1, a.2).cmp(&(&b.0, b.1, b.2)));
    let rollups: Vec<Json> = found.into_iter().map(|(.., json)| json).collect();
    Ok(Reply::new("rollups", json!({ "rollups": rollups })))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::super::super::testkit::Net;
    use crate::command::Command;

    #[test]
    fn every_rollup_is_listed_with_the_id_that_show_takes() {
        let mut net = Net::new();
        net.fill();
        let list = Command::RollupList { org: None };
        assert_eq!(net.data("reviewer", &list)["rollups"].as_array().unwrap().len(), 0);
        let publish = Command::RollupPublish { period: 2025, as_of: None };
        let first = net.data("reviewer", &publish)["rollup"].clone();
        let second = net.data("reviewer", &publish)["rollup"].clone();
        let reply = net.data("clerk", &list);
        let rollups = reply["rollups"].as_array().unwrap();
        assert_eq!((&rollups[0]["rollup"], &rollups[0]["standing"]), (&first, &"superseded".into()));
        assert_eq!((&rollups[1]["rollup"], &rollups[1]["standing"]), (&second, &"stands".into()));
        assert_eq!((&rollups[1]["org"], &rollups[1]["period"]), (&"429801".into(), &2025.into()));
        let shown = net.data("clerk", &Command::RollupShow { id: second.as_str().unwrap()[..12].to_owned() });
        assert_eq!(shown["rollup"], second);
        let error = net.run(
            "clerk",
            &Command::Export {
                kind: "rollups".into(),
                org: None,
                year: None,
                format: crate::command::Format::Jsonl,
                gbk: false,
                out: None,
            },
        );
        assert!(error.unwrap_err().hint.unwrap().zh.contains("rollup"));
    }
}
