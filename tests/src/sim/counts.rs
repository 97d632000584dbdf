//! How often each kind of bad luck came up: a run that did not meet it shows nothing about it.

macro_rules! counts {
    ($type:ident $($name:ident / $floor:literal: $what:literal),* $(,)?) => {
        /// Events of one seed, or of many.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $type { $(#[doc = $what] pub $name: u64),* }

        impl $type {
            /// Adds another seed's.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// Name, count, and the least count that 200 seeds must show.
            #[must_use]
            pub fn rows(&self) -> Vec<(&'static str, &'static str, u64, u64)> {
                vec![$((stringify!($name), $what, self.$name, $floor)),*]
            }
        }
    };
}

pub(crate) use counts;

counts! { Counts
    nodes / 800: "nodes",
    sessions / 2000: "sessions greeted",
    written / 4000: "entries written",
    stored / 10000: "entries received",
    delivered / 10000: "entries acknowledged",
    receipts / 1000: "receipts taken in",
    in_sync / 2000: "times a session was in sync",
    joins / 300: "newcomers that joined by invite",
    late_joins / 50: "of them late",
    invites_twice / 10: "invites used a second time",
    invites_expired / 10: "invites used after their time",
    cuts / 500: "connections cut",
    frames_lost / 300: "frames lost at a cut",
    torn_frames / 50: "frames of which a part arrived",
    partitions / 100: "links down for long",
    half_open / 100: "ends that learnt late of a cut",
    delays / 30: "links that stood still for minutes",
    doubles / 50: "second connections between the same nodes",
    power_cuts / 200: "power cuts",
    kills / 50: "programs killed",
    cuts_in_commit / 30: "of both, with a commit under way",
    disk_full / 30: "commits refused by a full disk",
    disk_errors / 12: "commits refused by a failing disk",
    reloads / 50: "ledgers loaded again after a failed commit",
    rollbacks / 30: "disks restored from an old image",
    same_run / 10: "of them by a program that did not notice",
    forks / 10: "places at which two entries stand",
    five_branches / 5: "forks of more branches than are kept",
    burns / 30: "keys burnt",
    ends / 30: "grants ended",
    accepts / 20: "accepts",
    locks / 200: "years locked",
    unlocks / 30: "years opened again",
    late_rows / 2000: "rows that came after a lock, found late by a reader",
    thefts / 10: "entries by a stolen key",
    conflicts / 12: "registers written by two hands",
    attachments / 100: "attachments written",
    large_attachments / 20: "of them in several pieces",
    garbage / 50: "frames of garbage from a rogue",
    moves / 20: "schools moved to another county",
    hires / 5: "clerks whom a school's new county appointed there",
    forged / 30: "forged or re-wrapped entries from a rogue",
    foreign / 30: "questions for documents that a rogue may not read",
    refused / 50: "logs refused",
    optional_frames / 50: "optional frames of a newer version",
    clock_jumps / 20: "clocks that jumped",
    odd_clocks / 50: "clocks at 2010 or 2099",
    mixed_wants / 30: "nodes that do not ask for every kind",
    unknown_nodes / 10: "sessions of nodes that the other did not know",
}
