#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use std::cell::Cell;

use taizhang_core::{id::PublicKey, units::Ms};
use taizhang_sync::limits::GREETING_MS_MAX;

use super::*;
use crate::{
    command::{Request, Unlock},
    commands::testkit::Net,
    folder::Neighbour,
};

thread_local! {
    static CLOCK: Cell<u64> = const { Cell::new(0) };
}

/// In the year 2100, after all that real clocks have told.
const START: u64 = 4_102_444_800_000;

fn at(ms: u64) {
    CLOCK.set(START + ms);
}

/// A driver whose clock stands at [`START`] and that is dialling its only neighbour, and what its turns tell. No test gives way to the tasks of the network.
struct Bench {
    driver: Driver,
    told: Vec<NodeEvent>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        at(0);
        let Net { mut core, dir, .. } = Net::new();
        core.set_clock(|| Ms(CLOCK.get()));
        core.change_settings(|s| s.neighbours = vec![Neighbour { address: COUNTY.to_owned(), key: None }]).unwrap();
        let driver = Driver::new(core, RunOptions::default()).unwrap();
        let mut bench = Self { driver, told: Vec::new(), _dir: dir };
        bench.turn(Came::Nothing);
        bench.told.clear();
        bench
    }

    fn turn(&mut self, came: Came) -> u64 {
        let told = &mut self.told;
        let wait = self.driver.turn(came, &mut |event| told.push(event));
        u64::try_from(wait.as_millis()).unwrap()
    }

    /// Somebody connects and says nothing.
    fn connect(&mut self, session: u64) {
        let remote = PublicKey([u8::try_from(session).unwrap(); 32]);
        self.driver.core.step(Input::Connected { session: SessionId(session), remote, dialer: false });
    }

    /// The sessions that ended, and why.
    fn ended(&self) -> Vec<(u64, &'static str)> {
        let ended = self.told.iter().filter_map(|event| match event {
            NodeEvent::Hub(Event::Ended { session, reason, .. }) => Some((session.0, *reason)),
            _ => None,
        });
        ended.collect()
    }
}

const COUNTY: &str = "127.0.0.1:1";
const OTHER: &str = "127.0.0.1:2";
const SILENT: &str = "no greeting in time";

#[tokio::test]
async fn what_is_due_is_done_where_nothing_comes() {
    let mut bench = Bench::new();
    bench.connect(1);
    at(GREETING_MS_MAX - 1);
    bench.turn(Came::Nothing);
    assert_eq!(bench.ended(), []);
    at(GREETING_MS_MAX);
    bench.turn(Came::Nothing);
    assert_eq!(bench.ended(), [(1, SILENT)]);
}

#[tokio::test]
async fn what_comes_is_taken_in_and_does_not_hold_up_what_is_due() {
    let mut bench = Bench::new();
    bench.connect(1);
    at(GREETING_MS_MAX / 2);
    bench.connect(2);
    at(GREETING_MS_MAX);
    let garbage = NetEvent::Frame { session: SessionId(2), bytes: vec![0xff; 4] };
    bench.turn(Came::Net(garbage));
    assert_eq!(bench.ended(), [(1, SILENT)], "what may be skipped is skipped");
    bench.connect(3);
    at(GREETING_MS_MAX * 3 / 2);
    let garbage = NetEvent::Frame { session: SessionId(3), bytes: vec![0x7f; 4] };
    bench.turn(Came::Net(garbage));
    assert_eq!(bench.ended(), [(1, SILENT), (3, "a frame that this version cannot read"), (2, SILENT)]);
}

#[tokio::test]
async fn a_command_does_not_hold_it_up_either() {
    let mut bench = Bench::new();
    bench.connect(1);
    at(GREETING_MS_MAX);
    let (answer, mut lines) = mpsc::channel(16);
    let request = Request { unlock: Unlock { key: None, passphrase: None }, command: Command::Links { cut: false } };
    bench.turn(Came::Call(Box::new(Call { request, answer })));
    assert!(matches!(lines.try_recv(), Ok(Line::Reply(_))));
    assert_eq!(bench.ended(), [(1, SILENT)]);
}

#[tokio::test]
async fn who_waits_for_a_sync_hears_in_time_that_there_was_none() {
    let mut bench = Bench::new();
    let (answer, mut lines) = mpsc::channel(16);
    bench.driver.begin_sync(Some(OTHER.to_owned()), 5_000, answer).unwrap();
    at(4_999);
    assert_eq!(bench.turn(Came::Nothing), 1);
    assert!(lines.try_recv().is_err());
    at(5_000);
    bench.turn(Came::Nothing);
    let Ok(Line::Error(error)) = lines.try_recv() else { panic!("no answer") };
    assert!(error.what.en.ends_with("timeout"), "{error:?}");
}

#[tokio::test]
async fn a_neighbour_is_dialled_when_its_time_has_come() {
    let mut bench = Bench::new();
    let county = bench.driver.dialer.all().next().unwrap();
    assert_eq!(bench.driver.dialer.next_due(), None, "it is being dialled");
    bench.turn(Came::Net(NetEvent::DialFailed { neighbour: county, why: "no answer".to_owned() }));
    assert!(matches!(bench.told.as_slice(), [NodeEvent::DialFailed { address, .. }] if address == COUNTY));
    let due = bench.driver.dialer.next_due().unwrap();
    at(due.0 - START - 1);
    assert_eq!(bench.turn(Came::Nothing), 1);
    assert_eq!(bench.driver.dialer.next_due(), Some(due));
    at(due.0 - START);
    bench.turn(Came::Nothing);
    assert_eq!(bench.driver.dialer.next_due(), None, "it is being dialled again");
}

#[tokio::test]
async fn the_loop_waits_for_what_is_due_next_and_never_long() {
    let mut bench = Bench::new();
    assert_eq!(bench.turn(Came::Nothing), WAIT_MS_MAX, "nothing is due");
    bench.connect(1);
    assert_eq!(bench.turn(Came::Nothing), WAIT_MS_MAX, "it has time");
    at(GREETING_MS_MAX - 400);
    assert_eq!(bench.turn(Came::Nothing), 400, "the hub");
    let (answer, _lines) = mpsc::channel(16);
    bench.driver.begin_sync(Some(OTHER.to_owned()), 100, answer).unwrap();
    assert_eq!(bench.driver.wait(), Duration::from_millis(1), "somebody is to be dialled at once");
    assert_eq!(bench.turn(Came::Nothing), 100, "who waits for a sync");
    at(GREETING_MS_MAX - 1);
    bench.turn(Came::Nothing);
    assert_eq!(bench.turn(Came::Nothing), 1);
    at(GREETING_MS_MAX);
    assert_eq!(bench.turn(Came::Nothing), WAIT_MS_MAX, "done");
}
