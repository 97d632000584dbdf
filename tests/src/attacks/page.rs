//! The table as a page: what `--bin attacks` prints, and what docs/threat-model.md must hold.

use super::{Attack, Theme};

/// One theme's part of docs/threat-model.md: a heading and a table.
#[must_use]
pub fn section(theme: Theme, attacks: &[Attack]) -> String {
    let (zh, en) = theme.title();
    let lines = attacks.iter().filter(|a| a.theme == theme);
    let lines = lines.map(|a| format!("| `{}` | {}<br>{} | {} | {} |\n", a.name, a.zh, a.en, a.ends, a.check));
    let head = "| 攻击 attack | 攻击者的做法 what the attacker does | 结果 how it ends | 去掉即失守的检查 check without which it gets through |\n|---|---|---|---|\n";
    format!("### {zh} · {en}\n\n{head}{}", lines.collect::<String>())
}
