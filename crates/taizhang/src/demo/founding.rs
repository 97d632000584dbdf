//! Founding the network, and joining it by invite.

use taizhang_node::{command::Command, error::CommandError, folder::Neighbour, secret::Secret};

use super::{
    accounts,
    machine::Machine,
    sample::{CITY, COUNTIES, ORGS, SCHOOLS},
    sheets,
    story::{Story, check, list, number, sync, text},
};

/// An invite of the demo is used within the hour.
const INVITE_MS: u64 = 3_600_000;
/// The label that `init` gives the first admin's key.
const ADMIN: &str = "admin";
/// Receipts go out at most twice a second here; between real offices once a minute.
const RECEIPT_MS: u64 = 500;

/// The city founds the network and adds its counties.
pub(super) fn found(story: &mut Story) -> Result<(), CommandError> {
    story.chapter("建立网络", "Founding the network");
    let city = &mut story.city;
    city.ask(Command::Init {
        code: CITY.code.into(),
        name: CITY.name.into(),
        kind: "city".into(),
        root_keys: 1,
        root_threshold: 1,
    })?;
    quicken(city)?;
    // A second person on the city's machine adopts the policy by which accounts are kept.
    let officer = invite(city, Some(ADMIN), CITY.code, "policy_officer")?;
    city.ask(Command::Join { invite: Secret::new(officer), label: Some(accounts::OFFICER.to_owned()) })?;
    accounts::adopt(city)?;
    city.start()?;
    for county in &COUNTIES {
        let add = Command::OrgAdd { code: county.code.into(), kind: "county".into(), name: county.name.into(), parent: None };
        city.ask_as(ADMIN, add)?;
    }
    let orgs = list(&city.ask(Command::OrgList)?, "orgs").len();
    check(orgs == 1 + COUNTIES.len(), &format!("机构数 {orgs}"), &format!("{orgs} organisations"))?;
    story.say(
        &format!("{} 建立了网络, 增加了 {} 个县; 节点监听 {}。", CITY.name, COUNTIES.len(), story.city.address),
        &format!(
            "The city founded the network and added {} counties; its node listens on {}.",
            COUNTIES.len(),
            story.city.address
        ),
    );
    Ok(())
}

/// Two people of each county join, then one clerk on each PC of each school.
pub(super) fn join(story: &mut Story) -> Result<(), CommandError> {
    story.chapter("凭邀请加入", "Joining by invite");
    let file = story.base.join("orgs.csv");
    sheets::write(&file, ORGS)?;
    for (n, county) in COUNTIES.iter().enumerate() {
        let Story { city, offices, counties, schools, .. } = &mut *story;
        let (Some(office), Some(node)) = (offices.get_mut(n), counties.get_mut(n)) else { continue };
        accept(office, &invite(city, Some(ADMIN), county.code, "admin")?, city)?;
        accept(node, &invite(city, Some(ADMIN), county.code, "reviewer")?, city)?;
        node.start()?;
        // The admin's PC is switched on only to add organisations and to invite.
        sync(office)?;
        office.ask(sheets::command("orgs", vec![file.clone()]))?;
        let mut invites = Vec::new();
        for (school, machines) in SCHOOLS.iter().zip(&*schools).filter(|(s, _)| s.county == n) {
            for _ in machines {
                invites.push(invite(office, None, school.code, "clerk")?);
            }
        }
        sync(office)?;
        sync(node)?;
        let machines = SCHOOLS.iter().zip(schools).filter(|(s, _)| s.county == n).flat_map(|(_, machines)| machines);
        for (machine, invite) in machines.zip(&invites) {
            accept(machine, invite, node)?;
            machine.start()?;
        }
    }
    everyone_is_certified(story)
}

fn invite(by: &Machine, key: Option<&str>, org: &str, role: &str) -> Result<String, CommandError> {
    let (org, role) = (org.to_owned(), role.to_owned());
    let command = Command::Invite { org, role, office: None, expires_ms: INVITE_MS, address: None };
    let reply = match key {
        Some(key) => by.ask_as(key, command)?,
        None => by.ask(command)?,
    };
    text(&reply, "/invite")
}

/// Joins, with the node above as the one to dial. (The invite of an admin's PC that is off most of the day cannot name it.)
fn accept(machine: &Machine, invite: &str, above: &Machine) -> Result<(), CommandError> {
    machine.ask(Command::Join { invite: Secret::new(invite.to_owned()), label: None })?;
    let key = above.folder.node_key()?.public().to_string();
    let mut settings = machine.folder.settings()?;
    settings.neighbours = vec![Neighbour { address: above.address.clone(), key: Some(key) }];
    machine.folder.save_settings(&settings)?;
    quicken(machine)
}

fn quicken(machine: &Machine) -> Result<(), CommandError> {
    let mut settings = machine.folder.settings()?;
    settings.receipt_interval_ms = RECEIPT_MS;
    machine.folder.save_settings(&settings)
}

fn everyone_is_certified(story: &mut Story) -> Result<(), CommandError> {
    for school in story.schools.iter().flatten() {
        sync(school)?;
        let status = school.ask(Command::Status)?;
        let role = text(&status, "/keys/0/roles/0/role")?;
        check(role == "clerk", &format!("{} 的角色是 {role}", school.name.zh), &format!("{} is {role}", school.name.en))?;
    }
    let entries = number(&story.city.ask(Command::Status)?, "/entries")?;
    let (pcs, processes) = (story.schools.iter().flatten().count(), story.running().count());
    story.say(
        &format!("两个县、四所学校的 {pcs} 台电脑都已加入 (每人一份一次性邀请); 现有 {processes} 个节点进程在运行。市里已有 {entries} 条签名条目。"),
        &format!("Both counties and the {pcs} PCs of four schools have joined, each by an invite that works once; {processes} nodes run now. The city holds {entries} signed entries."),
    );
    Ok(())
}
