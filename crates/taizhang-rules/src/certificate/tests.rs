#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
use super::*;

const NETWORK: NetworkId = NetworkId([7; 32]);

fn signed(name: &str) -> Statement {
    let claims = Claims {
        no: "429801-2012-00042".into(),
        teacher: "4298010800012003".into(),
        policy_id: "wuhan-2008".into(),
        policy: [3; 8],
        years: (2008, 2012),
        h100_lines: vec![("concentrated".into(), 16_000), ("nonconcentrated".into(), 20_050)],
        day: Day(15_700),
    };
    let key = SecretKey::from_seed([9; 32]);
    let salt = [5; 16];
    let signature = claims.sign(&NETWORK, &key, &commitment(&salt, &claims.no, name));
    Statement { network: network_prefix(&NETWORK), claims, key: key.public(), name: name.into(), salt, signature }
}

#[test]
fn the_bytes_are_these() {
    let bytes = signed("王芳").to_bytes().unwrap();
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let claims = concat!(
        "71",
        "3432393830312d323031322d3030303432", // number
        "70",
        "34323938303130383030303132303033", // teacher
        "6a",
        "777568616e2d32303038",
        "480303030303030303", // policy
        "1907d8",
        "1907dc", // years
    );
    let head = format!(
        "8e01480707070707070707{claims}82826c636f6e63656e747261746564193e80826f6e6f6e636f6e63656e747261746564194e52193d54"
    );
    assert!(hex.starts_with(&head), "{hex}\n{head}");
    assert!(hex.contains(&format!("66e78e8be88ab350{}5840", "05".repeat(16))), "{hex}");
    assert_eq!(bytes.len(), 237);
}

#[test]
fn the_longest_name_fits_one_code() {
    let longest = signed(&"䶮".repeat(25));
    let bytes = longest.to_bytes().unwrap();
    let text = longest.text().unwrap();
    assert!(bytes.len() <= MOST_BYTES, "{}", bytes.len());
    assert!(text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b" $%*+-./:".contains(&b)), "{text}");
    assert_eq!(Statement::read_text(&text).unwrap(), longest);
    // The longest number, teacher and id that importers take, with three buckets.
    let mut wide = longest;
    wide.claims.teacher = "9".repeat(40);
    wide.claims.policy_id = "county-school-based-2023".into();
    wide.claims.h100_lines.push(("degree".into(), 4000));
    assert!(wide.to_bytes().unwrap().len() <= MOST_BYTES);
    wide.claims.policy_id = "x".repeat(64);
    wide.claims.no = "9".repeat(40);
    assert!(matches!(wide.to_bytes(), Err(Broken::TooLong(_))), "too long is refused, never cut");
}

#[test]
fn every_change_of_every_byte_is_caught() {
    let good = signed("王芳");
    let bytes = good.to_bytes().unwrap();
    good.verify(&NETWORK).unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bad = bytes.clone();
            bad[at] ^= 1 << bit;
            let caught = Statement::from_bytes(&bad).and_then(|s| s.verify(&NETWORK));
            assert!(caught.is_err(), "byte {at} bit {bit}");
        }
    }
    for len in 0..bytes.len() {
        assert!(Statement::from_bytes(&bytes[..len]).is_err(), "cut to {len}");
    }
    assert!(Statement::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert_eq!(Statement::from_bytes(&[0; 401]), Err(Broken::TooLong(401)));
}

#[test]
fn every_change_of_every_character_is_caught() {
    let text = signed("王芳").text().unwrap();
    for at in 0..text.len() {
        for other in ["0", "Z", " ", "%", "é", "a"] {
            let mut bad: Vec<String> = text.chars().map(String::from).collect();
            if bad[at] == other {
                continue;
            }
            bad[at] = other.into();
            let bad = bad.concat();
            // A blank at the very end is not part of a text.
            let caught = Statement::read_text(&bad).and_then(|s| s.verify(&NETWORK));
            assert!(caught.is_err(), "character {at} as {other:?}");
        }
    }
}

#[test]
fn what_fails_is_named() {
    let good = signed("王芳");
    let with = |change: fn(&mut Statement)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad.verify(&NETWORK)
    };
    type Change = fn(&mut Statement);
    let cases: [(&str, Change, Broken); 11] = [
        ("name", |s| s.name = "王方".into(), Broken::Signature),
        ("salt", |s| s.salt[0] ^= 1, Broken::Signature),
        ("number", |s| s.claims.no.push('1'), Broken::Signature),
        ("teacher", |s| s.claims.teacher.push('1'), Broken::Signature),
        ("policy", |s| s.claims.policy[7] ^= 1, Broken::Signature),
        ("years", |s| s.claims.years.1 += 5, Broken::Signature),
        ("hours", |s| s.claims.h100_lines[0].1 += 1, Broken::Signature),
        ("day", |s| s.claims.day.0 += 1, Broken::Signature),
        ("key", |s| s.key = SecretKey::from_seed([8; 32]).public(), Broken::Signature),
        ("signature", |s| s.signature[63] ^= 0x10, Broken::Signature),
        ("network", |s| s.network[0] ^= 1, Broken::OtherNetwork),
    ];
    for (what, change, broken) in cases {
        assert_eq!(with(change), Err(broken), "{what}");
    }
    assert_eq!(good.verify(&NetworkId([8; 32])), Err(Broken::OtherNetwork));
    // Another network with the same beginning.
    let mut near = NETWORK;
    near.0[31] ^= 1;
    assert_eq!(good.verify(&near), Err(Broken::Signature));
}

#[test]
fn texts_that_are_none() {
    let good = signed("王芳").text().unwrap();
    let wrapped: String = good.as_bytes().chunks(60).map(|c| format!("{}\r\n", std::str::from_utf8(c).unwrap())).collect();
    assert!(Statement::read_text(&wrapped).is_ok());
    let cases = [
        ("", Broken::Prefix),
        ("TZ1", Broken::Prefix),
        ("HC1:6BF", Broken::Prefix),
        ("tz1:6BF", Broken::Prefix),
        ("TZ1:a", Broken::NotBase45),
        ("TZ1::::", Broken::NotBase45),
        ("TZ1:0", Broken::NotBase45),
    ];
    for (text, broken) in cases {
        assert_eq!(Statement::read_text(text).unwrap_err(), broken, "{text:?}");
    }
    assert!(matches!(Statement::read_text("TZ1:"), Err(Broken::Form(_))));
    assert_eq!(Statement::read_text(&format!("TZ1:{}", base45::encode([1; 500]))).unwrap_err(), Broken::TooLong(500));
}
