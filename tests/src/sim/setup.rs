//! A city, its counties and schools: founded, invited, joined through the hubs themselves.

use taizhang_core::{
    author::Author,
    founding::{Invite, NewGrant, NewOrg, Newcomer, found},
    id::{DocId, Kind, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::Ledger,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Grant, Org, OrgKind, Role, RowType},
    units::Ms,
};
use taizhang_store::ModelDisk;
use taizhang_sync::frame::Kinds;

use super::{
    bug::Bug,
    machine::{Machine, set_network},
    network::Link,
    people::Person,
    shape::Shape,
    world::{God, Happens, World},
};

/// An organisation to be invited, and by whom.
struct Invited {
    invite: Invite,
    org: OrgId,
    role: Role,
}

impl World {
    /// The city alone, its counties joined and in sync; schools invited, to join when they start.
    pub(crate) fn found(&mut self, shape: &Shape) {
        let city_node = self.add_machine("city".to_owned(), OrgId([0; 8]), shape.city_wants);
        let root = self.author();
        let admin = self.author();
        let random = self.dice.bytes();
        let city = NewOrg { code: "city".into(), kind: OrgKind::City, name: "市".into(), random };
        let node_key = self.machine(city_node).key;
        let now = Ms(self.now);
        let (network, first) = found(&root, &city, (admin.public(), None), node_key, "市管理员", now);
        set_network(network);
        self.network = network;
        self.god = God::new(network);
        let city_org = city.row(OrgId::root(network), now.day()).org;
        self.orgs.push(city_org);
        self.machine(city_node).org = city_org;
        let bug = self.bug;
        if self.machine(city_node).start(network, bug).is_err() {
            return self.fail("the city does not start".to_owned());
        }
        self.add_person(root, city_node, OrgId::root(network), Role::Admin);
        let admin = self.add_person(admin, city_node, city_org, Role::Admin);
        self.write(city_node, None, vec![first], Vec::new());
        self.settle();
        for role in [Role::Reviewer, Role::PolicyOfficer, Role::Clerk] {
            self.appoint(admin, role, city_node);
        }
        let counties: Vec<Invited> = (0..shape.counties).filter_map(|n| self.invite_org(admin, OrgKind::County, n)).collect();
        let mut admins = Vec::new();
        for invited in counties {
            let (node, person) = self.join(invited, city_node, 0, shape);
            self.settle();
            admins.push((node, person));
        }
        self.counties(&admins, city_node, shape);
    }

    fn counties(&mut self, admins: &[(usize, usize)], city_node: usize, shape: &Shape) {
        for (n, (node, admin)) in admins.iter().enumerate() {
            self.appoint(*admin, Role::Reviewer, *node);
            self.appoint(*admin, Role::Clerk, *node);
            if shape.second_machines
                && let Some(second) = self.invite_to(*admin, self.people[*admin].org, Role::Admin)
            {
                self.join(second, *node, 0, shape);
                self.settle();
            }
            for s in 0..shape.schools {
                let Some(invited) = self.invite_org(*admin, OrgKind::School, n * 100 + s) else { continue };
                let org = invited.org;
                let late = self.start_of_school();
                self.counts.late_joins += u64::from(late > 600_000);
                let (first, _) = self.join(invited, *node, late, shape);
                for _ in 1..shape.machines {
                    let Some(more) = self.invite_to(*admin, org, Role::Clerk) else { continue };
                    let late = late + self.dice.below(3_600_000);
                    let (second, _) = self.join(more, *node, late, shape);
                    if self.dice.one_in(2) {
                        self.add_link(second, first);
                    }
                }
            }
            if self.dice.one_in(4) && n > 0 {
                // Counties may also talk to each other, and schools to the city.
                self.add_link(*node, admins[n - 1].0);
            }
        }
        if self.dice.one_in(3) {
            let nodes: Vec<usize> = (0..self.machines.len()).collect();
            let school = self.dice.pick(&nodes).unwrap_or(0);
            if school != city_node {
                self.add_link(school, city_node);
            }
        }
        self.settle();
    }

    fn start_of_school(&mut self) -> u64 {
        if self.dishonest.is_some() {
            return self.dice.below(10_000);
        }
        match self.dice.below(4) {
            0 => self.dice.below(3_600_000 * 20),
            1 => self.dice.below(3_600_000),
            _ => self.dice.below(60_000),
        }
    }

    /// Lets everything happen that follows from what was done, within a minute.
    fn settle(&mut self) {
        let until = self.now + 60_000;
        self.run_until(until, 200_000);
        self.now = until;
    }

    fn secret(&mut self) -> SecretKey {
        SecretKey::from_seed(self.dice.bytes())
    }

    pub(crate) fn author(&mut self) -> Author {
        Author { key: self.secret(), run: Run(self.dice.bytes()) }
    }

    fn add_machine(&mut self, name: String, org: OrgId, wants: Kinds) -> usize {
        let seed: [u8; 32] = self.dice.bytes();
        let disk = ModelDisk::new(self.dice.below(u64::MAX));
        if self.bug == Some(Bug::SyncsSkipped) {
            disk.ignore_syncs();
        }
        let commit_ms = match self.dice.below(4) {
            0 => (0, 0),
            1 => (self.dice.between(1, 20), 0),
            _ => (self.dice.between(1, 40), self.dice.between(1, 5)),
        };
        self.machines.push(Machine {
            name,
            seed,
            key: SecretKey::from_seed(seed).public(),
            org,
            wants,
            offset: 0,
            disk,
            join: None,
            starts: 0,
            batch_bytes: if self.dice.one_in(3) { 700 } else { 12 * 1024 },
            commit_ms,
            segment_bytes: self.dice.between(20_000, 400_000),
            running: None,
            rogue: None,
            lies: None,
            promised: Default::default(),
            taken: Default::default(),
            rolled_back: 0,
            images: Vec::new(),
            is_gone: false,
            is_twin: false,
        });
        self.counts.nodes += 1;
        self.machines.len() - 1
    }

    pub(crate) fn add_link(&mut self, dialer: usize, other: usize) {
        let latency_ms = match self.dice.below(4) {
            0 => 0,
            1 => self.dice.between(1, 20),
            2 => self.dice.between(20, 300),
            _ => self.dice.between(300, 1500),
        };
        let bytes_per_s = match self.dice.below(3) {
            0 => self.dice.between(8_000, 40_000),
            1 => self.dice.between(40_000, 1_000_000),
            _ => 100_000_000,
        };
        let link = Link { dialer, other, is_up: true, latency_ms, bytes_per_s, failed: 0, dial_due: false };
        self.links.push(link);
        let link = self.links.len() - 1;
        if self.machine(dialer).running.is_some() {
            self.plan_dial(link);
        }
    }

    pub(crate) fn add_person(&mut self, author: Author, node: usize, org: OrgId, role: Role) -> usize {
        self.people.push(Person { author, node, org, role, is_out: false, works_left: 0 });
        self.people.len() - 1
    }

    pub(crate) fn new_run(&mut self, person: usize) {
        let run = Run(self.dice.bytes());
        if let Some(p) = self.people.get_mut(person) {
            p.author.run = run;
        }
    }

    /// Grants a role in the admin's own organisation to a new person who sits at `node`.
    pub(crate) fn appoint(&mut self, admin: usize, role: Role, node: usize) {
        let author = self.author();
        let org = self.people[admin].org;
        let key = author.public();
        let grant = |w: &Self, ledger: &Ledger| {
            Some(NewGrant { key, role, office: None, org, basis: basis(ledger, org)?, seal_key: None }.row("岗位", w.today(node)))
        };
        let Some(row) = self.ledger_of(self.people[admin].node).and_then(|l| grant(self, l)) else { return };
        let mut p = PayloadBuilder::default();
        p.row(Grant::TYPE, &[], &row.to_fields());
        self.write_as(admin, DocId::of(org, Kind::Registry), p, Vec::new());
        self.settle_local();
        self.add_person(author, node, org, role);
    }

    fn settle_local(&mut self) {
        if !self.is_faulty() {
            let until = self.now + 100;
            self.run_until(until, 100_000);
        }
    }

    pub(crate) fn today(&self, node: usize) -> taizhang_core::units::Day {
        self.machines[node].clock(self.now).day()
    }

    pub(crate) fn ledger_of(&self, node: usize) -> Option<&Ledger> {
        self.machines.get(node)?.running.as_ref().map(|r| r.hub.ledger())
    }

    /// Creates an organisation below the admin's and an invite for its first person, in one entry.
    fn invite_org(&mut self, admin: usize, kind: OrgKind, n: usize) -> Option<Invited> {
        let (node, parent) = (self.people[admin].node, self.people[admin].org);
        let random = self.dice.bytes();
        let word = kind.word();
        let org = NewOrg { code: format!("{word}{n}"), kind, name: format!("{word} {n}"), random };
        let row = org.row(parent, self.today(node));
        let role = if kind == OrgKind::School { Role::Clerk } else { Role::Admin };
        let mut p = PayloadBuilder::default();
        let basis = RowRef::own(p.row(Org::TYPE, &[], &row.to_fields()));
        let invited = self.invite(admin, p, row.org, role, basis, u64::MAX >> 8)?;
        self.orgs.push(row.org);
        Some(invited)
    }

    /// Another invite into an organisation that the admin's registry created, or the admin's own.
    pub(crate) fn invite_again(&mut self, admin: usize, org: OrgId, role: Role, expires: u64) -> Option<Invite> {
        let basis = basis(self.ledger_of(self.people[admin].node)?, org)?;
        self.invite(admin, PayloadBuilder::default(), org, role, basis, expires).map(|i| i.invite)
    }

    fn invite_to(&mut self, admin: usize, org: OrgId, role: Role) -> Option<Invited> {
        let basis = basis(self.ledger_of(self.people[admin].node)?, org)?;
        self.invite(admin, PayloadBuilder::default(), org, role, basis, u64::MAX >> 8)
    }

    fn invite(
        &mut self,
        admin: usize,
        mut p: PayloadBuilder,
        org: OrgId,
        role: Role,
        basis: RowRef,
        expires: u64,
    ) -> Option<Invited> {
        let (node, registry) = (self.people[admin].node, self.people[admin].org);
        let key = self.secret();
        let grant = NewGrant { key: key.public(), role, office: None, org, basis, seal_key: None };
        let row = Invite::grant_row(&grant, "邀请", self.today(node), Ms(expires));
        let index = p.row(Grant::TYPE, &[], &row.to_fields());
        let entry = self.write_as(admin, DocId::of(registry, Kind::Registry), p, Vec::new())?;
        self.settle_local();
        let invite = Invite { network: self.network, registry, grant: RowName { entry, index }, row, key };
        Some(Invited { invite, org, role })
    }

    /// A new machine that holds the invite and dials the one that answers it.
    fn join(&mut self, invited: Invited, answers: usize, after_ms: u64, shape: &Shape) -> (usize, usize) {
        let wants = if self.dice.one_in(8) { shape.odd_wants } else { Kinds::all() };
        self.counts.mixed_wants += u64::from(wants != Kinds::all());
        let name = format!("machine {}", self.machines.len());
        let node = self.add_machine(name, invited.org, wants);
        let author = self.author();
        let entry = self.use_of(&invited.invite, author.public(), node);
        self.machine(node).join = Some(entry);
        let person = self.add_person(author, node, invited.org, invited.role);
        self.add_link(node, answers);
        let time = self.now + after_ms;
        self.at(time, Happens::Starts { node });
        self.counts.joins += 1;
        (node, person)
    }

    pub(crate) fn use_of(&mut self, invite: &Invite, person: PublicKey, node: usize) -> taizhang_core::entry::SignedEntry {
        let newcomer = Newcomer { person, seal_key: None, node: self.machines[node].key, label: "岗位" };
        invite.use_it(&newcomer, self.machines[node].clock(self.now))
    }

    /// Another machine of an organisation, started now, with an invite it may find used or expired.
    pub(crate) fn newcomer(&mut self, invite: &Invite, org: OrgId, role: Role, answers: usize) {
        let node = self.add_machine(format!("machine {}", self.machines.len()), org, Kinds::all());
        let author = self.author();
        let entry = self.use_of(invite, author.public(), node);
        self.machine(node).join = Some(entry);
        self.add_person(author, node, org, role);
        self.add_link(node, answers);
        self.at(self.now, Happens::Starts { node });
    }
}

/// The creation row of an organisation, as another registry's entry names it.
pub(crate) fn basis(ledger: &Ledger, org: OrgId) -> Option<RowRef> {
    let o = ledger.registry.orgs.get(&org)?;
    Some(o.creation.name.in_document(DocId::of(o.registry, Kind::Registry)))
}
