//! A UDP relay for tests and benchmarks: counts, cuts, loses, delays, and moves to another address.
//!
//! It stands before a listener as a NAT does: each client gets a socket of its own towards the target. "Up" is from
//! clients to the target. Loss is a function of the seed, the direction and the datagram's number, so a run can be repeated.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

/// Larger than any datagram, in bytes.
const DATAGRAM_BYTES_MAX: usize = 65_536;
/// Clients at once; the one that was silent longest makes room.
const CLIENTS_MAX: usize = 1_024;
/// Datagrams under way per client and direction; further ones are dropped.
const QUEUE_MAX: usize = 4_096;

/// What the line does to datagrams. The default: nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// Seed of the losses.
    pub seed: u64,
    /// Datagrams lost of 1,000, each way.
    pub loss_per_mille: u16,
    /// One-way delay in ms; order is kept.
    pub delay_ms: u32,
}

/// What clients and target sent, in UDP payload bytes and datagrams; what was dropped is included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// From clients, in bytes.
    pub up_bytes: u64,
    /// From clients, in datagrams.
    pub up_datagrams: u64,
    /// From the target, in bytes.
    pub down_bytes: u64,
    /// From the target, in datagrams.
    pub down_datagrams: u64,
    /// Of both, in datagrams: lost, cut, or beyond a limit.
    pub dropped_datagrams: u64,
}

impl Counts {
    /// Bytes both ways.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.up_bytes + self.down_bytes
    }

    /// What was added since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            up_bytes: self.up_bytes - earlier.up_bytes,
            up_datagrams: self.up_datagrams - earlier.up_datagrams,
            down_bytes: self.down_bytes - earlier.down_bytes,
            down_datagrams: self.down_datagrams - earlier.down_datagrams,
            dropped_datagrams: self.dropped_datagrams - earlier.dropped_datagrams,
        }
    }
}

/// A running relay; stops when dropped.
#[derive(Debug)]
pub struct Relay {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    front: UdpSocket,
    target: SocketAddr,
    line: Line,
    cut: AtomicBool,
    cut_after_bytes: AtomicU64,
    /// Raised by [`Relay::rebind`]: flows of an older generation are forgotten.
    generation: AtomicU64,
    counts: watch::Sender<Counts>,
    sizes: Mutex<Option<Vec<(Way, usize)>>>,
}

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a client to the target.
    Up,
    /// From the target to a client.
    Down,
}

impl Relay {
    /// Starts one on a free port of 127.0.0.1, before `target`.
    ///
    /// # Errors
    /// No socket could be opened.
    pub async fn start(target: SocketAddr, line: Line) -> io::Result<Self> {
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = front.local_addr()?;
        let shared = Arc::new(Shared {
            front,
            target,
            line,
            cut: AtomicBool::new(false),
            cut_after_bytes: AtomicU64::new(u64::MAX),
            generation: AtomicU64::new(0),
            counts: watch::Sender::default(),
            sizes: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(front_loop(Arc::clone(&shared)));
        Ok(Self { addr, shared, _tasks: tasks })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Everything so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.shared.counts.borrow()
    }

    /// Waits until `done` holds of the counts.
    pub async fn until(&self, done: impl FnMut(&Counts) -> bool) -> Counts {
        // The sender lives in `self`, so the wait cannot fail.
        self.shared.counts.subscribe().wait_for(done).await.map_or_else(|_| self.counts(), |counts| *counts)
    }

    /// Waits until nothing has come for `silence`, and gives the counts.
    pub async fn until_quiet(&self, silence: Duration) -> Counts {
        let mut counts = self.shared.counts.subscribe();
        counts.mark_unchanged();
        while timeout(silence, counts.changed()).await.is_ok() {}
        self.counts()
    }

    /// From now on drops everything.
    pub fn cut(&self) {
        self.shared.cut.store(true, SeqCst);
    }

    /// Drops everything once `bytes` have come in all since the start, both ways together.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.cut_after_bytes.store(bytes, SeqCst);
    }

    /// Lets datagrams through again.
    pub fn restore(&self) {
        self.shared.cut_after_bytes.store(u64::MAX, SeqCst);
        self.shared.cut.store(false, SeqCst);
    }

    /// From now on the target sees every client at a new port, as after a NAT forgot it.
    pub fn rebind(&self) {
        self.shared.generation.fetch_add(1, SeqCst);
    }

    /// Begins to note the size of each datagram.
    pub fn note_sizes(&self) {
        *self.shared.sizes() = Some(Vec::new());
    }

    /// The sizes noted since the last call, in bytes, in order.
    #[must_use]
    pub fn take_sizes(&self) -> Vec<(Way, usize)> {
        self.shared.sizes().as_mut().map(std::mem::take).unwrap_or_default()
    }
}

impl Shared {
    fn sizes(&self) -> std::sync::MutexGuard<'_, Option<Vec<(Way, usize)>>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a datagram and says whether it passes.
    fn passes(&self, way: Way, bytes: usize) -> bool {
        if let Some(sizes) = self.sizes().as_mut() {
            sizes.push((way, bytes));
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut passes = false;
        self.counts.send_modify(|counts| {
            let (bytes_total, datagrams) = match way {
                Way::Up => (&mut counts.up_bytes, &mut counts.up_datagrams),
                Way::Down => (&mut counts.down_bytes, &mut counts.down_datagrams),
            };
            let lost = self.is_lost(way, *datagrams);
            *bytes_total += bytes;
            *datagrams += 1;
            if counts.bytes() > self.cut_after_bytes.load(SeqCst) {
                self.cut.store(true, SeqCst);
            }
            passes = !lost && !self.cut.load(SeqCst);
            counts.dropped_datagrams += u64::from(!passes);
        });
        passes
    }

    fn is_lost(&self, way: Way, number: u64) -> bool {
        let stream = self.line.seed ^ (u64::from(way == Way::Down) << 63);
        mix(mix(stream).wrapping_add(number)) % 1_000 < u64::from(self.line.loss_per_mille)
    }

    fn due(&self) -> Instant {
        Instant::now() + Duration::from_millis(u64::from(self.line.delay_ms))
    }

    fn dropped(&self) {
        self.counts.send_modify(|counts| counts.dropped_datagrams += 1);
    }
}

/// splitmix64's finish.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

type Delayed = (Instant, Vec<u8>);

struct Flow {
    generation: u64,
    used: Instant,
    up: mpsc::Sender<Delayed>,
}

async fn front_loop(shared: Arc<Shared>) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let mut flows: HashMap<SocketAddr, Flow> = HashMap::new();
    let mut tasks = JoinSet::new();
    loop {
        // On some systems a client's closed port is reported here; the relay goes on.
        let Ok((bytes, client)) = shared.front.recv_from(&mut buffer).await else {
            continue;
        };
        if !shared.passes(Way::Up, bytes) {
            continue;
        }
        let generation = shared.generation.load(SeqCst);
        if flows.get(&client).is_none_or(|flow| flow.generation != generation) {
            while tasks.try_join_next().is_some() {}
            if flows.len() >= CLIENTS_MAX {
                let silent = flows.iter().min_by_key(|(_, flow)| flow.used);
                let silent = silent.map(|(client, _)| *client);
                silent.and_then(|client| flows.remove(&client));
            }
            let Ok(back) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await else {
                shared.dropped();
                continue;
            };
            let (up, queue) = mpsc::channel(QUEUE_MAX);
            tasks.spawn(flow_loop(Arc::clone(&shared), Arc::new(back), client, queue));
            let used = Instant::now();
            flows.insert(client, Flow { generation, used, up });
        }
        let datagram = buffer.get(..bytes).unwrap_or_default().to_vec();
        let sent = flows.get(&client).is_some_and(|flow| flow.up.try_send((shared.due(), datagram)).is_ok());
        if !sent {
            shared.dropped();
        }
    }
}

/// Both directions of one client; ends when the front forgets it.
async fn flow_loop(shared: Arc<Shared>, back: Arc<UdpSocket>, client: SocketAddr, mut up: mpsc::Receiver<Delayed>) {
    let (down, mut down_queue) = mpsc::channel::<Delayed>(QUEUE_MAX);
    let upwards = async {
        while let Some((due, datagram)) = up.recv().await {
            sleep_until(due).await;
            let _ = back.send_to(&datagram, shared.target).await;
        }
    };
    let receiving = async {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let Ok((bytes, _)) = back.recv_from(&mut buffer).await else {
                continue;
            };
            let datagram = buffer.get(..bytes).unwrap_or_default().to_vec();
            if shared.passes(Way::Down, bytes) && down.try_send((shared.due(), datagram)).is_err() {
                shared.dropped();
            }
        }
    };
    let downwards = async {
        while let Some((due, datagram)) = down_queue.recv().await {
            sleep_until(due).await;
            let _ = shared.front.send_to(&datagram, client).await;
        }
    };
    tokio::select! {
        () = upwards => {}
        () = receiving => {}
        () = downwards => {}
    }
}
