//! What each kind of work costs in bytes at the UDP payload stays within its limit (docs/benchmarks.md).

#[test]
fn every_kind_of_work_stays_within_its_bytes() {
    let lines = taizhang_tests::bytes::measure(true);
    assert_eq!(lines.len(), 7);
    for m in &lines {
        println!("{:<55} {:>8} of {}", m.work, m.bytes(), m.limit_bytes);
    }
    let over: Vec<&str> = lines.iter().filter(|m| m.bytes() > m.limit_bytes).map(|m| m.work).collect();
    assert!(over.is_empty(), "over their limits: {over:?}");
}
