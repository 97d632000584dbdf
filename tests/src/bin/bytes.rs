//! Prints what each kind of work costs in bytes at the UDP payload: `cargo run --release -p taizhang-tests --bin bytes [-- --quick]`.

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    println!("{:<55} {:>9} {:>9} {:>9} {:>5}  limit", "work", "up", "down", "total", "dgrms");
    let mut failed = 0;
    for m in taizhang_tests::bytes::measure(!quick) {
        let c = m.counts;
        let verdict = if m.bytes() <= m.limit_bytes { "ok" } else { "OVER" };
        failed += u8::from(m.bytes() > m.limit_bytes);
        let datagrams = c.up_datagrams + c.down_datagrams;
        println!(
            "{:<55} {:>9} {:>9} {:>9} {datagrams:>5}  {} {verdict}",
            m.work,
            c.up_bytes,
            c.down_bytes,
            m.bytes(),
            m.limit_bytes
        );
    }
    std::process::exit(i32::from(failed > 0));
}
