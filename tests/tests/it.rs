//! Real nodes over QUIC: what users do, end to end. One binary, so that it links once.

#[path = "it/carried.rs"]
mod carried;
#[path = "it/keyring.rs"]
mod keyring;
#[path = "it/kit.rs"]
mod kit;
#[path = "it/receipts.rs"]
mod receipts;
#[path = "it/replaced.rs"]
mod replaced;
#[path = "it/restored.rs"]
mod restored;
#[path = "it/roles.rs"]
mod roles;
#[path = "it/second_opinion.rs"]
mod second_opinion;
#[path = "it/stick.rs"]
mod stick;
#[path = "it/two_machines.rs"]
mod two_machines;
