//! Pure: replication as a deterministic state machine; input, now, rng in, ordered effects out.
