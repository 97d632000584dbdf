//! What corpora begin with: `cargo run -p taizhang-tests --bin fuzz_seeds -- FOLDER` writes FOLDER/TARGET/NUMBER.
//! With `--list` the targets, one a line, each with the longest input.

use std::{env, fs, path::Path, process::ExitCode};

use taizhang_tests::fuzz::{TARGETS, prepare, seeds::seeds};

fn main() -> ExitCode {
    let Some(argument) = env::args().nth(1) else {
        eprintln!("fuzz_seeds FOLDER | --list");
        return ExitCode::from(2);
    };
    if argument == "--list" {
        TARGETS.iter().for_each(|t| println!("{} {}", t.name, t.input_bytes_max));
        return ExitCode::SUCCESS;
    }
    prepare();
    for target in TARGETS {
        let folder = Path::new(&argument).join(target.name);
        fs::create_dir_all(&folder).expect("the folder can be made");
        for (n, seed) in seeds(target.name).iter().enumerate() {
            fs::write(folder.join(n.to_string()), seed).expect("the folder can be written");
        }
    }
    ExitCode::SUCCESS
}
