//! Days that must be known by name, each with its own measure.

use taizhang_core::{
    id::{DocId, Kind},
    op::PayloadBuilder,
    rows::Role,
};
use taizhang_sync::frame::{Frame, Kinds};

use super::{network::Conn, shape::Shape, world::World};

/// A city, a county and a school, in sync, nothing wrong.
fn quiet_world(seed: u64) -> World {
    let mut w = World::new(seed, None, false);
    let all = Kinds::all();
    let shape = Shape {
        counties: 1,
        schools: 1,
        machines: 1,
        second_machines: false,
        city_wants: all,
        odd_wants: all,
        works: 0,
        hours: 0,
        faults: 0,
    };
    w.found(&shape);
    w.is_calm = true;
    let until = w.now + 48 * 3_600_000;
    w.run_until(until, 100_000);
    w
}

/// What came of a named day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// What went wrong that must not.
    pub failure: Option<String>,
    /// Entries acknowledged.
    pub delivered: u64,
    /// Frames sent.
    pub frames: u64,
    /// Bytes of the largest frame that named tips.
    pub tips_bytes: usize,
}

impl World {
    pub(super) fn day(mut self) -> Day {
        if self.failure.is_none() {
            self.check_end();
        }
        let delivered = self.counts.delivered;
        Day { failure: self.failure.clone(), delivered, frames: self.calm_frames, tips_bytes: self.tips_bytes }
    }

    pub(super) fn run_on(&mut self) {
        let until = self.now + 10 * 3_600_000;
        self.run_until(until, 2_000_000);
    }

    fn clerk(&self) -> usize {
        (0..self.people.len()).rfind(|p| self.people[*p].role == Role::Clerk).unwrap_or(0)
    }

    /// One entry of the school's clerk, in a new log as after a morning's restart.
    fn morning(&mut self) {
        let clerk = self.clerk();
        self.new_run(clerk);
        let mut p = PayloadBuilder::default();
        p.row(999, &[], &[0x81, 0x01]);
        let document = DocId::of_year(self.people[clerk].org, Kind::Ledger, 2024);
        if self.write_as(clerk, document, p, Vec::new()).is_none() {
            self.fail("the clerk may not write".to_owned());
        }
        let until = self.now + 1_000;
        self.run_until(until, 100_000);
        self.now = until;
    }

    fn school_link(&self) -> usize {
        let node = self.people[self.clerk()].node;
        self.links.iter().position(|l| l.dialer == node).unwrap_or(0)
    }

    fn set_link(&mut self, link: usize, is_up: bool) {
        self.links[link].is_up = is_up;
        self.links[link].failed = 0;
        if is_up {
            return self.plan_dial(link);
        }
        let is_open = |c: &Conn| c.link == link && c.seems_open();
        if let Some(conn) = self.conns.iter().rposition(is_open) {
            self.cut(conn, [0, 0]);
        }
    }
}

/// 300 mornings, each with a log of its own; two thirds of them while the county could not be reached. What the county lacks is sent, and nothing twice.
#[must_use]
pub fn closed_logs() -> Day {
    let mut w = quiet_world(1);
    for _ in 0..100 {
        w.morning();
    }
    w.run_on();
    let link = w.school_link();
    w.set_link(link, false);
    for _ in 0..200 {
        w.morning();
    }
    (w.counts.delivered, w.calm_frames, w.tips_bytes) = (0, 0, 0);
    w.set_link(link, true);
    w.run_on();
    w.day()
}

/// One link breaks `n` times with nothing to say: what each time costs, in frames, first and last.
#[must_use]
pub fn flaps(n: u64) -> (Day, u64, u64) {
    let mut w = quiet_world(2);
    w.morning();
    w.run_on();
    let link = w.school_link();
    let (mut first, mut last) = (0, 0);
    w.counts.delivered = 0;
    for i in 0..n {
        let before = w.calm_frames;
        w.set_link(link, false);
        w.run_on();
        w.set_link(link, true);
        w.run_on();
        last = w.calm_frames - before;
        if i == 0 {
            first = last;
        }
    }
    (w.day(), first, last)
}

impl World {
    /// How many rows of the school's ledger count, and how many came after a lock: on every node alike, or it fails.
    fn all_show(&mut self, what: &str, counted: usize, late: usize) {
        let document = DocId::of_year(self.people[self.clerk()].org, Kind::Ledger, 2024);
        for node in 0..self.machines.len() {
            let Some(view) = self.view_at(node, document) else { continue };
            let shown = (view.rows.values().filter(|r| view.counts(r)).count(), view.late().count());
            if shown != (counted, late) {
                self.fail(format!("{what}: node {node} shows {shown:?} rows in time and late, not {:?}", (counted, late)));
            }
        }
    }
}

/// The county locks the year while the school is offline; then its 60 rows arrive. None is lost, all are shown as late; an unlock lets them count, and a second lock keeps them.
#[must_use]
pub fn sixty_late_rows() -> Day {
    let mut w = quiet_world(4);
    let school = w.people[w.clerk()].org;
    w.morning();
    w.run_on();
    let county = w.god.ledger.registry.ancestors(school)[0];
    let reviewer = w.people.iter().position(|p| p.org == county && p.role == Role::Reviewer).unwrap_or(0);
    let review = DocId::about(county, Kind::Review, 2024, school);
    let link = w.school_link();
    w.set_link(link, false);
    let locked = w.lock(reviewer, review).is_some();
    (0..60).for_each(|_| w.morning());
    w.set_link(link, true);
    w.run_on();
    w.all_show("locked", 1, 60);
    let opened = w.unlock(reviewer, review).is_some();
    w.run_on();
    w.all_show("opened", 61, 0);
    let again = w.lock(reviewer, review).is_some();
    w.run_on();
    w.morning();
    w.run_on();
    w.all_show("locked again", 61, 1);
    if !(locked && opened && again) {
        w.fail("the reviewer may not lock and unlock".to_owned());
    }
    w.day()
}

/// Is this a frame with tips?
pub(crate) fn names_tips(frame: &[u8]) -> bool {
    matches!(frame.first(), Some(&4 | &0x84))
        && matches!(Frame::decode(frame), Ok(Some(Frame::Tips { .. } | Frame::SomeTips { .. })))
}
