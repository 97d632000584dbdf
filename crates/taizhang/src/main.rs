//! taizhang: the training ledger that works without a network.
fn main() {}
