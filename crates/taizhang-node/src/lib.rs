//! The one loop that feeds the sync hub and performs its effects, the commands that fronts may give, the control socket.
//!
//! Reading order: `folder` (where a node lives), `core` (store, hub and clock), `command` (what may be asked), `commands` (what then happens), `driver` (the loop), `control` (the socket).

pub mod bundle;
pub mod command;
pub mod commands;
pub mod control;
pub mod core;
pub mod driver;
pub mod error;
pub mod folder;
pub mod keyfile;
pub mod keyring;
mod lost;
mod personal;
pub mod random;
pub mod remembered;
pub mod said;
pub mod secret;
pub mod spread;
