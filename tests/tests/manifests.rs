//! The crate map, enforced: which crate may use which, which foreign crate belongs where, and that no manifest goes its own way.
//! The table is the one of docs/architecture.md; to change it is a design decision, not a fix of this test.
#![allow(clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Every crate and the workspace crates it may name, for the build, the tests or the build script alike.
const ALLOWED: &[(&str, &[&str])] = &[
    ("taizhang-core", &[]),
    ("taizhang-rules", &["taizhang-core"]),
    ("taizhang-sheets", &["taizhang-core"]),
    ("taizhang-sync", &["taizhang-core"]),
    ("taizhang-store", &["taizhang-core"]),
    ("taizhang-net", &["taizhang-core"]),
    ("taizhang-node", &["taizhang-core", "taizhang-rules", "taizhang-sheets", "taizhang-sync", "taizhang-store", "taizhang-net"]),
    ("taizhang-web", &["taizhang-node", "taizhang-core", "taizhang-rules"]),
    ("taizhang", &["taizhang-web", "taizhang-node", "taizhang-core", "taizhang-rules"]),
];

/// The crate of tests may use all of the others, and nothing may use it.
const TESTS: &str = "taizhang-tests";

/// Crates whose result depends on their arguments alone; each has a clippy.toml that says so.
const PURE: &[&str] = &["taizhang-core", "taizhang-rules", "taizhang-sheets", "taizhang-sync"];

/// Foreign crates that belong to the named crates only (a test may use them anywhere outside of the pure crates).
const AT_HOME: &[(&str, &[&str])] = &[
    ("automerge", &["taizhang-core"]),
    ("sled", &["taizhang-store"]),
    ("quinn", &["taizhang-net"]),
    ("rustls", &["taizhang-net"]),
    ("clap", &["taizhang"]),
    ("indicatif", &["taizhang"]),
    ("tracing-subscriber", &["taizhang"]),
    ("calamine", &["taizhang-sheets"]),
    ("rust_xlsxwriter", &["taizhang-sheets"]),
    ("tokio", &["taizhang-net", "taizhang-node", "taizhang-web", "taizhang"]),
    ("getrandom", &["taizhang-store", "taizhang-net", "taizhang-node", "taizhang-web", "taizhang"]),
    ("rustix", &["taizhang-store", "taizhang-node", "taizhang"]),
];

/// One manifest of the workspace, parsed.
struct Manifest {
    name: String,
    path: PathBuf,
    table: Table,
}

/// One dependency line: which manifest section it stands in, the name, what it says.
struct Dependency<'a> {
    section: &'static str,
    name: &'a str,
    value: &'a Value,
}

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

impl Manifest {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Self {
        let table: Table = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let name = table.get("package").and_then(|p| p.get("name")).and_then(Value::as_str).unwrap_or("").to_owned();
        Self { name, path: path.to_owned(), table }
    }

    /// Every dependency of the package, those of `[target.'cfg(…)'.…]` included.
    fn dependencies(&self) -> Vec<Dependency<'_>> {
        let targets = self.table.get("target").and_then(Value::as_table).into_iter().flatten();
        let tables = std::iter::once(&self.table).chain(targets.filter_map(|(_, value)| value.as_table()));
        tables
            .flat_map(|table| SECTIONS.into_iter().map(move |section| (section, table.get(section))))
            .filter_map(|(section, value)| Some((section, value?.as_table()?)))
            .flat_map(|(section, table)| table.iter().map(move |(name, value)| Dependency { section, name, value }))
            .collect()
    }

    /// A crate that names itself for its tests does so to switch on a feature of its own.
    fn is_own_feature(&self, dependency: &Dependency<'_>) -> bool {
        let here = dependency.value.get("path").and_then(Value::as_str) == Some(".");
        dependency.section == "dev-dependencies" && dependency.name == self.name && here
    }

    fn inherits(&self, section: &str, key: &str) -> bool {
        let Some(section) = self.table.get(section) else { return false };
        let value = if key.is_empty() { Some(section) } else { section.get(key) };
        value.and_then(|v| v.get("workspace")).and_then(Value::as_bool) == Some(true)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// The manifests of crates/* and of tests/, in path order.
fn members() -> Vec<Manifest> {
    let crates = std::fs::read_dir(root().join("crates")).expect("crates/ is readable");
    let mut folders: Vec<PathBuf> = crates.map(|entry| entry.expect("crates/ is readable").path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.push(root().join("tests"));
    folders.sort();
    folders.iter().map(|folder| Manifest::read(&folder.join("Cargo.toml"))).collect()
}

fn is_ours(name: &str) -> bool {
    name == "taizhang" || name.starts_with("taizhang-")
}

/// Every edge of this manifest that the table forbids, in words.
fn edge_findings(manifest: &Manifest) -> Vec<String> {
    let name = manifest.name.as_str();
    if name == TESTS {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(crate_name, _)| *crate_name == name) else {
        return vec![format!("{}: crate `{name}` is not in the table of this test", manifest.path.display())];
    };
    let mut found = Vec::new();
    for Dependency { section, name: other, .. } in manifest.dependencies().into_iter().filter(|d| !manifest.is_own_feature(d)) {
        if is_ours(other) && !allowed.contains(&other) {
            found.push(format!("{name} may not use {other} ([{section}]); allowed: {allowed:?}"));
        }
        let home = AT_HOME.iter().find(|(foreign, _)| *foreign == other).map(|(_, home)| *home);
        let exempt = section == "dev-dependencies" && !PURE.contains(&name);
        if home.is_some_and(|home| !home.contains(&name)) && !exempt {
            found.push(format!("{name} may not use {other} ([{section}]): it belongs to {:?}", home.unwrap_or(&[])));
        }
    }
    found
}

/// Every line of this manifest that sets by itself what the workspace sets once.
fn form_findings(manifest: &Manifest) -> Vec<String> {
    let name = &manifest.name;
    let mut found = Vec::new();
    if !manifest.inherits("lints", "") {
        found.push(format!("{name}: missing `[lints] workspace = true`"));
    }
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        if !manifest.inherits("package", key) {
            found.push(format!("{name}: missing `{key}.workspace = true`"));
        }
    }
    for dependency in manifest.dependencies() {
        let Dependency { section, name: other, value } = dependency;
        if manifest.is_own_feature(&dependency) {
            continue;
        }
        if value.get("workspace").and_then(Value::as_bool) != Some(true) {
            found.push(format!("{name}: [{section}] {other} must say `workspace = true`; versions live in the root manifest"));
        }
    }
    found
}

/// Every line of the root's `[workspace.dependencies]` that leaves the version open or leaves the registry.
fn version_findings(root: &Manifest) -> Vec<String> {
    let table = root.table.get("workspace").and_then(|w| w.get("dependencies")).and_then(Value::as_table);
    let table = table.expect("the root manifest has [workspace.dependencies]");
    let mut found = Vec::new();
    for (name, value) in table {
        let version = value.as_str().or_else(|| value.get("version").and_then(Value::as_str));
        let path = value.get("path").and_then(Value::as_str);
        match (is_ours(name), version, path) {
            (true, None, Some(path)) if path == format!("crates/{name}") => {}
            (true, ..) => found.push(format!("{name}: must be `{{ path = \"crates/{name}\" }}`")),
            (false, _, Some(path)) => found.push(format!("{name}: path {path} is not part of this workspace")),
            (false, None, None) => found.push(format!("{name}: no version")),
            (false, Some(version), None) if version.contains('*') || !version.contains(|c: char| c.is_ascii_digit()) => {
                found.push(format!("{name}: wildcard version {version:?}"));
            }
            (false, Some(_), None) => {}
        }
        for key in ["git", "branch", "rev", "registry"] {
            if value.get(key).is_some() {
                found.push(format!("{name}: `{key}` leaves the registry"));
            }
        }
    }
    found
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn crates_use_only_what_the_table_allows() {
    let found: Vec<String> = members().iter().flat_map(edge_findings).collect();
    assert_none("forbidden edges between crates", &found);
}

#[test]
fn every_crate_of_the_table_exists_once_in_a_folder_of_its_name() {
    let mut expected: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    expected.insert(TESTS);
    let members = members();
    let present: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(present, expected);
    for member in members.iter().filter(|member| member.name != TESTS) {
        let folder = member.path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        assert_eq!(folder, Some(member.name.as_str()), "folder and package have one name");
    }
}

#[test]
fn manifests_inherit_lints_versions_and_package_fields() {
    let found: Vec<String> = members().iter().flat_map(form_findings).collect();
    assert_none("manifests that go their own way", &found);
}

#[test]
fn workspace_versions_are_closed_and_come_from_the_registry() {
    let root_manifest = Manifest::read(&root().join("Cargo.toml"));
    assert_none("open versions", &version_findings(&root_manifest));
}

/// The bans of one clippy.toml: (list, path) → reason.
fn bans(text: &str) -> BTreeMap<(String, String), String> {
    let table: Table = text.parse().expect("clippy.toml is TOML");
    let lists = table.iter().filter(|(key, _)| key.starts_with("disallowed-"));
    let items = lists.flat_map(|(key, list)| list.as_array().into_iter().flatten().map(move |item| (key, item)));
    let text_of = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    items.map(|(list, item)| ((list.clone(), text_of(item, "path")), text_of(item, "reason"))).collect()
}

#[test]
fn pure_crates_ban_clock_randomness_files_threads_and_hash_order() {
    let path = |name: &str| root().join("crates").join(name).join("clippy.toml");
    let read = |name: &str| bans(&std::fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}/clippy.toml: {e}")));
    let shared = read("taizhang-sync"); // has nothing of its own
    for must in ["std::time::Instant::now", "getrandom::fill", "std::fs::read", "std::thread::spawn", "std::env::var"] {
        assert!(shared.contains_key(&("disallowed-methods".to_owned(), must.to_owned())), "{must} is not banned");
    }
    for must in ["std::collections::HashMap", "std::collections::HashSet"] {
        assert!(shared.contains_key(&("disallowed-types".to_owned(), must.to_owned())), "{must} is not banned");
    }
    for name in PURE {
        let own = read(name);
        for (ban, reason) in &shared {
            assert_eq!(own.get(ban), Some(reason), "{name}/clippy.toml differs from the shared list at {ban:?}");
        }
        assert!(own.values().all(|reason| !reason.is_empty()), "{name}/clippy.toml: every ban has its reason");
    }
    for (name, _) in ALLOWED {
        assert_eq!(path(name).exists(), PURE.contains(name), "{name}: exactly the pure crates have a clippy.toml");
    }
}

/// The checks themselves, shown manifests that must not pass.
#[test]
fn the_checks_find_what_they_are_for() {
    let inherited = ["version", "edition", "rust-version", "license", "publish"].map(|key| format!("{key}.workspace = true\n"));
    let package = format!("{}[lints]\nworkspace = true\n", inherited.concat());
    let manifest =
        |name: &str, rest: &str| Manifest::parse(Path::new("x"), &format!("[package]\nname = {name:?}\n{package}{rest}"));
    let edges: &[(&str, &str, usize)] = &[
        ("taizhang-core", "", 0),
        ("taizhang-sync", "[dependencies]\ntaizhang-core.workspace = true", 0),
        ("taizhang-sync", "[dependencies]\ntaizhang-store.workspace = true", 1),
        ("taizhang-sync", "[dev-dependencies]\ntaizhang-store.workspace = true", 1),
        ("taizhang-sync", "[build-dependencies]\ntaizhang-net.workspace = true", 1),
        ("taizhang-sync", "[target.'cfg(unix)'.dependencies]\ntaizhang-net.workspace = true", 1),
        ("taizhang-sync", "[dependencies]\ntokio.workspace = true", 1),
        ("taizhang-sync", "[dev-dependencies]\ntokio.workspace = true", 1),
        ("taizhang-store", "[dev-dependencies]\ntokio.workspace = true", 0),
        ("taizhang-store", "[dev-dependencies]\ntaizhang-store = { path = \".\", features = [\"testing\"] }", 0),
        ("taizhang-store", "[dependencies]\ntaizhang-store = { path = \".\" }", 1),
        ("taizhang-net", "[dependencies]\nsled.workspace = true", 1),
        ("taizhang-web", "[dependencies]\ntaizhang-tests.workspace = true", 1),
        ("taizhang-extra", "", 1),
    ];
    for (name, rest, count) in edges {
        assert_eq!(edge_findings(&manifest(name, rest)).len(), *count, "{name}: {rest}");
    }
    assert_eq!(form_findings(&manifest("a", "")), Vec::<String>::new());
    assert_eq!(form_findings(&manifest("a", "[dependencies]\nserde = \"1\"")).len(), 1);
    assert_eq!(form_findings(&Manifest::parse(Path::new("x"), "[package]\nname = \"a\"")).len(), 6);
    let versions: &[(&str, usize)] = &[
        ("serde = \"1.0\"", 0),
        ("serde = \"*\"", 1),
        ("serde = \"1.*\"", 1),
        ("serde = { version = \">\" }", 1),
        ("serde = { features = [] }", 1),
        ("serde = { git = \"https://example.org/serde\", version = \"1\" }", 1),
        ("serde = { path = \"../serde\" }", 1),
        ("taizhang-core = { path = \"crates/taizhang-core\" }", 0),
        ("taizhang-core = \"1\"", 1),
    ];
    for (line, count) in versions {
        let root = Manifest::parse(Path::new("x"), &format!("[workspace.dependencies]\n{line}"));
        assert_eq!(version_findings(&root).len(), *count, "{line}");
    }
}
