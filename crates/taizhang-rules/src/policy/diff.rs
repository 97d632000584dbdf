//! Two policies side by side: what differs, rule by rule, in the words of their files; and ([`effect`]) whose account it moves.

pub mod effect;

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::Policy;

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only the new policy has it.
    Added,
    /// Only the old one.
    Removed,
    /// Both, with other values.
    Changed,
}

impl Change {
    /// The word used in outputs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// A field whose value differs; as written in the file, nothing where it does not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which.
    pub field: String,
    /// In the old policy.
    pub old: Option<String>,
    /// In the new one.
    pub new: Option<String>,
}

/// A rule, or one of the tables `policy`, `cycle`, `engine`, that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Rule id, or the table's name.
    pub place: String,
    /// The rule's type; empty for a table.
    pub rule_type: String,
    /// What became of it.
    pub change: Change,
    /// Every field of a rule that was added or removed; else those that differ.
    pub fields: Vec<FieldChange>,
}

impl Difference {
    /// In Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        let what = if self.rule_type.is_empty() { "表" } else { "规则" };
        let change = match self.change {
            Change::Added => "新增",
            Change::Removed => "删去",
            Change::Changed => "改动",
        };
        format!("{what} {} {change}: {}", self.place, self.values("无"))
    }

    /// In English.
    #[must_use]
    pub fn en(&self) -> String {
        let what = if self.rule_type.is_empty() { "table" } else { "rule" };
        format!("{what} {} {}: {}", self.place, self.change.word(), self.values("none"))
    }

    fn values(&self, none: &str) -> String {
        let shown = |v: &Option<String>| v.clone().unwrap_or_else(|| none.to_owned());
        let field = |f: &FieldChange| match self.change {
            Change::Added => format!("{} = {}", f.field, shown(&f.new)),
            Change::Removed => format!("{} = {}", f.field, shown(&f.old)),
            Change::Changed => format!("{} {} → {}", f.field, shown(&f.old), shown(&f.new)),
        };
        self.fields.iter().map(field).collect::<Vec<_>>().join("; ")
    }
}

/// A rule in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its id.
    pub id: String,
    /// Its type as written.
    pub rule_type: String,
    /// Line of the file, from 1.
    pub line: u32,
    /// Article or decision.
    pub source: String,
}

/// The rules of a policy in the order of its file `toml`.
#[must_use]
pub fn outline(policy: &Policy, toml: &[u8]) -> Vec<Outline> {
    let rules = rules(&table(toml));
    let type_of = |id: &str| rules.get(id).map(|r| text(r, "type")).unwrap_or_default();
    let line = |r: &super::Rule| Outline { id: r.id.clone(), rule_type: type_of(&r.id), line: r.line, source: r.source.clone() };
    policy.rules.iter().map(line).collect()
}

/// What differs between two policy files that were read without errors: the tables first, then the rules by id.
#[must_use]
pub fn diff(old: &[u8], new: &[u8]) -> Vec<Difference> {
    let (old, new) = (table(old), table(new));
    let none = Table::new();
    let tables = ["policy", "cycle", "engine"].into_iter().filter_map(|name| {
        let of = |t: &'_ Table| t.get(name).and_then(Value::as_table).cloned().unwrap_or_else(|| none.clone());
        difference(name, "", Some(&of(&old)), Some(&of(&new)))
    });
    let (old_rules, new_rules) = (rules(&old), rules(&new));
    let ids: BTreeSet<&String> = old_rules.keys().chain(new_rules.keys()).collect();
    let of_rules = ids.into_iter().filter_map(|id| {
        let (old, new) = (old_rules.get(id), new_rules.get(id));
        let rule_type = new.or(old).map(|r| text(r, "type")).unwrap_or_default();
        difference(id, &rule_type, old, new)
    });
    tables.chain(of_rules).collect()
}

fn difference(place: &str, rule_type: &str, old: Option<&Table>, new: Option<&Table>) -> Option<Difference> {
    let change = match (old, new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    };
    let names: BTreeSet<&String> = old.into_iter().chain(new).flat_map(Table::keys).filter(|k| *k != "id").collect();
    let value = |t: Option<&Table>, name: &str| t.and_then(|t| t.get(name)).map(ToString::to_string);
    let fields = names.into_iter().map(|n| FieldChange { field: n.clone(), old: value(old, n), new: value(new, n) });
    let fields: Vec<FieldChange> = fields.filter(|f| f.old != f.new).collect();
    let (place, rule_type) = (place.to_owned(), rule_type.to_owned());
    (!fields.is_empty()).then_some(Difference { place, rule_type, change, fields })
}

fn table(toml: &[u8]) -> Table {
    std::str::from_utf8(toml).ok().and_then(|t| t.parse().ok()).unwrap_or_default()
}

fn rules(table: &Table) -> BTreeMap<String, Table> {
    let list = table.get("rule").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table);
    list.map(|r| (text(r, "id"), r.clone())).collect()
}

fn text(table: &Table, name: &str) -> String {
    table.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::policy::library;

    fn wuhan() -> String {
        String::from_utf8(library::by_id("wuhan-2008").unwrap().to_vec()).unwrap()
    }

    #[test]
    fn a_policy_does_not_differ_from_itself_and_comments_are_no_difference() {
        for (_, toml) in library::library() {
            assert_eq!(diff(toml, toml), []);
            let commented = [b"# another comment\n".as_slice(), toml].concat();
            assert_eq!(diff(toml, &commented), []);
        }
    }

    #[test]
    fn every_rule_has_a_line_of_the_outline() {
        for (id, toml) in library::library() {
            let policy = Policy::read(toml).unwrap();
            let lines = outline(&policy, toml);
            assert_eq!(lines.len(), policy.rules.len(), "{id}");
            assert!(lines.iter().all(|l| !l.rule_type.is_empty() && l.line > 0), "{id}");
        }
    }

    #[test]
    fn each_single_change_is_named() {
        let old = wuhan();
        let mut table: Table = old.parse().unwrap();
        let count = table["rule"].as_array().unwrap().len();
        for n in 0..count {
            let mut without = table.clone();
            let Value::Table(gone) = without["rule"].as_array_mut().unwrap().remove(n) else { panic!("a rule is a table") };
            let id = gone["id"].as_str().unwrap();
            let text = without.to_string();
            let removed = diff(old.as_bytes(), text.as_bytes());
            let [one] = removed.as_slice() else { panic!("{id}: {removed:?}") };
            assert_eq!((one.place.as_str(), one.change), (id, Change::Removed));
            let added = diff(text.as_bytes(), old.as_bytes());
            assert_eq!((added.len(), added[0].place.as_str(), added[0].change), (1, id, Change::Added));
            assert!(added[0].zh().contains(id) && added[0].en().contains(id));
        }
        table["cycle"].as_table_mut().unwrap().insert("years".into(), Value::Integer(6));
        let changed = diff(old.as_bytes(), table.to_string().as_bytes());
        assert_eq!((changed.len(), changed[0].place.as_str()), (1, "cycle"));
        assert_eq!(changed[0].fields, [FieldChange { field: "years".into(), old: Some("5".into()), new: Some("6".into()) }]);
        assert!(changed[0].en().contains("years 5 → 6"), "{}", changed[0].en());
    }
}
