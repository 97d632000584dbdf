//! One seed, one run: splitmix64. Or one tape, one run: the numbers are read from bytes that a fuzzer writes.

/// A stream of numbers that a seed, or a tape and after its end nothing, decides.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
    tape: Vec<u8>,
    at: usize,
}

impl Dice {
    /// The stream of a seed and a number below it; streams of neighbours have nothing in common.
    #[must_use]
    pub fn of(seed: u64, number: u64) -> Self {
        Self { state: mix(mix(seed) ^ number), tape: Vec::new(), at: 0 }
    }

    /// Each two bytes are one number: who changes two bytes changes one decision.
    #[must_use]
    pub fn reading(tape: &[u8]) -> Self {
        Self { state: 0, tape: tape.to_vec(), at: 0 }
    }

    /// Is the tape read to its end?
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.at >= self.tape.len()
    }

    /// The next bytes of the tape as they are, at most `n`.
    pub fn take(&mut self, n: usize) -> Vec<u8> {
        let taken: Vec<u8> = self.tape.iter().skip(self.at).take(n).copied().collect();
        self.at += taken.len();
        taken
    }

    /// 64 bits.
    pub fn number(&mut self) -> u64 {
        if !self.is_spent() {
            let read = self.take(2);
            return mix(read.iter().fold(0, |n, b| n << 8 | u64::from(*b)));
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// Below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.number() >> 11) as usize % n.max(1)
    }

    /// True in so many of 100 cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them; there must be one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.number() as u8)
    }

    /// A number at which programs go wrong, or any.
    pub fn boundary(&mut self) -> u64 {
        const EDGES: [u64; 28] = [
            0,
            1,
            2,
            16,
            23,
            24,
            64,
            65,
            127,
            128,
            255,
            256,
            365,
            511,
            512,
            1024,
            65_535,
            65_536,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_fffe,
            0xffff_ffff,
            0x1_0000_0000,
            1 << 62,
            (1 << 63) - 1,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ];
        let edge = *self.pick(&EDGES);
        if self.chance(15) { self.number() } else { edge }
    }
}

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
