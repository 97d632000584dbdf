//! Simulator, real-process tests, vectors, fuzz targets and benchmarks of the whole workspace.

pub mod accounts;
pub mod attacks;
pub mod bytes;
pub mod carry;
pub mod eddsa;
pub mod fuzz;
pub mod model;
pub mod mutate;
pub mod nodes;
pub mod rules;
pub mod signatures;

pub mod sim;
