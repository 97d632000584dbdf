//! What goes wrong: power, disks, links, clocks, people.

use taizhang_store::DiskFault;

use super::{
    machine::Machine,
    world::{Happens, World},
};

impl World {
    pub(crate) fn is_faulty(&self) -> bool {
        !self.is_calm && self.faults_began
    }

    pub(crate) fn fault(&mut self) {
        if self.is_calm {
            return;
        }
        let nodes: Vec<usize> = (0..self.machines.len()).filter(|n| self.machines[*n].running.is_some()).collect();
        let Some(node) = self.dice.pick(&nodes) else { return };
        let what = self.dice.below(28);
        // What would make honest people lose or forge their own work is for the honest mode.
        if self.dishonest.is_some() && matches!(what, 16..=23) {
            return;
        }
        match what {
            0..=2 => self.power_cut(node),
            3 => self.kill(node),
            4..=6 => self.cut_some(),
            7..=9 => self.partition(),
            10 => self.stand_still(),
            11 => self.double(),
            12 => self.fill_disk(node),
            13..=15 => self.fail_disk(node),
            16 | 17 => self.restore_card(node),
            18 => self.jump_clock(node),
            19 => self.theft(),
            20 => self.lie(),
            21..=23 => self.turn_rogue(node),
            24 => self.flap(),
            25 => self.crash_in_commit(node),
            26 => self.compare_now(node),
            _ => self.storm(),
        }
    }

    /// A commit was handed to the disk: now and then the power fails before it is written, or before anybody hears that it was.
    pub(crate) fn maybe_cut_power(&mut self, node: usize, within_ms: u64) {
        if self.is_faulty() && self.dice.one_in(60) {
            let time = self.now + self.dice.below(within_ms + 1);
            self.at(time, Happens::PowerCheck { node });
        }
    }

    /// A frame is on its way: now and then it is the last.
    pub(crate) fn maybe_cut(&mut self, conn: usize) {
        if self.is_faulty() && self.dice.one_in(150) && self.conns[conn].ends.iter().all(|e| e.deaf_from == u64::MAX) {
            self.cut_late(conn);
        }
    }

    /// Clocks that were never set.
    pub(crate) fn set_odd_clocks(&mut self) {
        for node in 0..self.machines.len() {
            if self.dice.one_in(10) {
                self.counts.odd_clocks += 1;
                let year: i64 = 365 * 86_400_000;
                self.machine(node).offset = if self.dice.one_in(2) { -14 * year } else { 75 * year };
            }
        }
    }

    /// What was not synced is lost.
    fn power_cut(&mut self, node: usize) {
        let m = self.machine(node);
        let in_commit = m.running.as_ref().is_some_and(|r| r.commit.is_some());
        self.counts.power_cuts += 1;
        self.counts.cuts_in_commit += u64::from(in_commit);
        self.trace.line(self.now, || format!("node {node}: the power fails"));
        self.stop(node);
        self.machine(node).disk.crash();
        self.starts_again(node);
    }

    pub(crate) fn kill(&mut self, node: usize) {
        self.counts.kills += 1;
        self.counts.cuts_in_commit += u64::from(self.machine(node).running.as_ref().is_some_and(|r| r.commit.is_some()));
        self.trace.line(self.now, || format!("node {node}: the program is killed"));
        self.stop(node);
        self.machine(node).disk.restart();
        self.starts_again(node);
    }

    pub(crate) fn starts_again(&mut self, node: usize) {
        let wait = match self.dice.below(3) {
            _ if self.is_calm => 1_000,
            0 => self.dice.between(100, 2_000),
            1 => self.dice.between(2_000, 600_000),
            _ => self.dice.between(600_000, 20_000_000),
        };
        self.at(self.now + wait, Happens::Starts { node });
    }

    /// Waits for the next commit and cuts the power in it.
    fn crash_in_commit(&mut self, node: usize) {
        let busy: Vec<usize> =
            (0..self.machines.len()).filter(|n| self.machines[*n].running.as_ref().is_some_and(|r| r.commit.is_some())).collect();
        let node = self.dice.pick(&busy).unwrap_or(node);
        let after = self.dice.below(4);
        self.machine(node).disk.fail_after(after, DiskFault::Stop);
        self.at(self.now + 60_000, Happens::PowerCheck { node });
    }

    /// A disk that stopped in the middle of a commit stops the machine.
    pub(crate) fn power_check(&mut self, node: usize) {
        if self.machine(node).running.is_some() {
            self.power_cut(node);
        }
    }

    fn open_conns(&self) -> Vec<usize> {
        (0..self.conns.len()).filter(|c| self.conns[*c].ends.iter().all(|e| !e.is_closed)).collect()
    }

    fn cut_some(&mut self) {
        let open = self.open_conns();
        let Some(conn) = self.dice.pick(&open) else { return };
        self.cut_late(conn);
    }

    fn cut_late(&mut self, conn: usize) {
        self.counts.cuts += 1;
        let late = match self.dice.below(4) {
            0 => [0, self.dice.between(10_000, 120_000)],
            1 => [self.dice.between(10_000, 120_000), 0],
            _ => [self.dice.below(2_000), self.dice.below(2_000)],
        };
        self.counts.half_open += u64::from(late.iter().any(|l| *l >= 10_000));
        self.cut(conn, late);
    }

    /// A link is down for a while.
    fn partition(&mut self) {
        let links: Vec<usize> = (0..self.links.len()).filter(|l| self.links[*l].is_up).collect();
        let Some(link) = self.dice.pick(&links) else { return };
        self.counts.partitions += 1;
        self.links[link].is_up = false;
        self.trace.line(self.now, || format!("link {link} is down"));
        for conn in self.open_conns() {
            if self.conns[conn].link == link {
                self.cut_late(conn);
            }
        }
        let time = self.now + self.dice.between(60_000, 40_000_000);
        self.at(time, Happens::Mends { link });
    }

    pub(crate) fn mends(&mut self, link: usize) {
        if let Some(l) = self.links.get_mut(link) {
            l.is_up = true;
            l.failed = 0;
        }
        self.plan_dial(link);
    }

    /// What is on the way arrives minutes or hours later, whole and in order.
    fn stand_still(&mut self) {
        let open = self.open_conns();
        let Some(conn) = self.dice.pick(&open) else { return };
        self.counts.delays += 1;
        let (now, wait) = (self.now, self.dice.between(60_000, 10_000_000));
        for end in &mut self.conns[conn].ends {
            end.arrived = end.arrived.max(now + wait);
        }
    }

    /// The same two nodes connect a second time: a half-open connection, or both dialled.
    fn double(&mut self) {
        let open = self.open_conns();
        let Some(conn) = self.dice.pick(&open) else { return };
        let link = self.conns[conn].link;
        if self.links[link].is_up {
            self.counts.doubles += 1;
            self.connect(link);
        }
    }

    fn fill_disk(&mut self, node: usize) {
        let free = self.dice.below(600);
        let m = self.machine(node);
        let used = m.disk.used_bytes();
        m.disk.set_capacity_bytes(Some(used + free));
        let until = self.now + self.dice.between(60_000, 10_000_000);
        self.at(until, Happens::Frees { node });
    }

    fn fail_disk(&mut self, node: usize) {
        let after = self.dice.below(6);
        let twice = self.dice.one_in(3);
        self.machine(node).disk.fail_after(after, if twice { DiskFault::ErrorTwice } else { DiskFault::Error });
    }

    /// A machine is restored to an image of its disk; its programs start anew, or (a restored virtual machine) go on as if nothing had been.
    fn restore_card(&mut self, node: usize) {
        let m = self.machine(node);
        let image: Vec<(String, Vec<u8>)> =
            m.disk.paths().into_iter().filter_map(|p| m.disk.content(&p).map(|c| (p, c))).collect();
        if m.images.is_empty() || self.dice.one_in(3) {
            // Taken while the program is between two commits.
            let m = self.machine(node);
            if m.running.as_ref().is_some_and(|r| r.commit.is_none()) {
                let promised = m.promised.clone();
                m.images.push((image.into_iter().collect(), promised));
                let time = self.now + self.dice.between(600_000, 20_000_000);
                self.at(time, Happens::Restores { node });
            }
            return;
        }
        self.restores(node);
    }

    pub(crate) fn restores(&mut self, node: usize) {
        if self.is_calm || self.machine(node).running.is_none() {
            return;
        }
        let Some((image, promised)) = self.machine(node).images.last().cloned() else { return };
        let is_twin = self.dice.one_in(2);
        self.counts.rollbacks += 1;
        self.counts.same_run += u64::from(is_twin);
        self.trace.line(self.now, || {
            format!("node {node}: the disk is restored to an image{}", if is_twin { ", unnoticed" } else { "" })
        });
        self.stop(node);
        let now = self.now;
        let bug = self.bug;
        let disk = taizhang_store::ModelDisk::new(self.dice.below(u64::MAX));
        if bug == Some(super::bug::Bug::SyncsSkipped) {
            disk.ignore_syncs();
        }
        let m: &mut Machine = self.machine(node);
        for (path, content) in image {
            disk.set_content(&path, Some(content));
        }
        m.disk = disk;
        m.promised = promised;
        m.rolled_back = now;
        m.is_twin = is_twin;
        self.at(now + 1_000, Happens::Starts { node });
    }

    fn jump_clock(&mut self, node: usize) {
        self.counts.clock_jumps += 1;
        let year: i64 = 365 * 86_400_000;
        let offset = match self.dice.below(4) {
            // 2010 and 2099.
            0 => -14 * year,
            1 => 75 * year,
            2 => 3_600_000,
            _ => -3_600_000,
        };
        self.counts.odd_clocks += u64::from(offset.abs() > year);
        self.machine(node).offset = offset;
    }

    /// A link that breaks again and again.
    fn flap(&mut self) {
        let open = self.open_conns();
        let Some(conn) = self.dice.pick(&open) else { return };
        let link = self.conns[conn].link;
        for i in 0..20 {
            let time = self.now + i * self.dice.between(200, 4_000);
            self.at(time, Happens::Flaps { link });
        }
    }

    pub(crate) fn flaps(&mut self, link: usize) {
        if self.is_calm {
            return;
        }
        for conn in self.open_conns() {
            if self.conns[conn].link == link {
                self.counts.cuts += 1;
                self.cut(conn, [0, 0]);
            }
        }
    }

    fn compare_now(&mut self, node: usize) {
        let sessions: Vec<_> = self.machine(node).running.iter().flat_map(|r| r.sessions.keys().copied()).collect();
        for session in sessions {
            self.input(node, taizhang_sync::Input::Compare { session });
        }
    }

    /// Several at once.
    fn storm(&mut self) {
        for _ in 0..3 {
            let time = self.now + self.dice.below(3_000);
            self.at(time, Happens::Fault);
        }
    }

    /// Faults end: links up, disks healthy, rogues gone, everything running.
    pub(crate) fn calm(&mut self) {
        self.trace.line(self.now, || "--- calm ---".to_owned());
        self.is_calm = true;
        self.drop_plans(|h| {
            matches!(
                h,
                Happens::Fault
                    | Happens::Works { .. }
                    | Happens::Starts { .. }
                    | Happens::Mends { .. }
                    | Happens::Restores { .. }
                    | Happens::Flaps { .. }
                    | Happens::PowerCheck { .. }
                    | Happens::Frees { .. }
            )
        });
        for node in 0..self.machines.len() {
            if self.machines[node].rogue.is_some() {
                self.rogue_leaves(node);
                continue;
            }
            let m = self.machine(node);
            m.disk.set_capacity_bytes(None);
            m.disk.fail_after(u64::MAX / 2, DiskFault::Error);
            if m.running.is_none() {
                self.at(self.now, Happens::Starts { node });
            }
        }
        self.hasten(self.now + 60_000);
        for link in 0..self.links.len() {
            self.links[link].is_up = true;
            self.links[link].failed = 0;
            self.plan_dial(link);
        }
    }
}
