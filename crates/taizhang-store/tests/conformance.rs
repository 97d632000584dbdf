//! Every store passes the same suite.
#![allow(clippy::unwrap_used, reason = "tests")]

use taizhang_store::conformance::{Place, run};
use taizhang_store::disk::{DiskStore, Options};
use taizhang_store::fault::FaultStore;
use taizhang_store::memory::MemoryStore;
use taizhang_store::testing::describe;
use taizhang_store::{ModelDisk, Store};

struct Memory;
impl Place for Memory {
    fn open(&mut self) -> Box<dyn Store> {
        Box::new(MemoryStore::new())
    }
    fn reopen(&mut self, store: Box<dyn Store>) -> Box<dyn Store> {
        store
    }
}

struct Fault;
impl Place for Fault {
    fn open(&mut self) -> Box<dyn Store> {
        Box::new(FaultStore::new(MemoryStore::new()))
    }
    fn reopen(&mut self, store: Box<dyn Store>) -> Box<dyn Store> {
        store
    }
}

struct Folder(tempfile::TempDir, u64);
impl Place for Folder {
    fn open(&mut self) -> Box<dyn Store> {
        let options = Options { segment_bytes: self.1, ..Options::new(describe) };
        Box::new(DiskStore::open(self.0.path(), &options).unwrap().0)
    }
}

struct Model(ModelDisk, u64);
impl Place for Model {
    fn open(&mut self) -> Box<dyn Store> {
        let options = Options { segment_bytes: self.1, ..Options::new(describe) };
        Box::new(DiskStore::open_model(&self.0, &options).unwrap().0)
    }
    fn reopen(&mut self, store: Box<dyn Store>) -> Box<dyn Store> {
        drop(store);
        // What a commit returned from must be there even so.
        self.0.crash();
        self.open()
    }
}

#[test]
fn memory() {
    run("memory", &mut || Box::new(Memory));
}

#[test]
fn fault_around_memory() {
    run("fault", &mut || Box::new(Fault));
}

#[test]
fn disk() {
    for segment_bytes in [64 << 20, 1000] {
        run("disk", &mut || Box::new(Folder(tempfile::tempdir().unwrap(), segment_bytes)));
    }
}

#[test]
fn modelled_disk() {
    for segment_bytes in [64 << 20, 1000] {
        run("model", &mut || Box::new(Model(ModelDisk::new(1), segment_bytes)));
    }
}
