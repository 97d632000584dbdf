//! Hundredths as decimal numbers, without floats.

/// `1250` → `12.5`: at most two decimals, none where they are zero.
pub(crate) fn amount(hundredths: u64) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match (rest / 10, rest % 10) {
        (0, 0) => whole.to_string(),
        (tenths, 0) => format!("{whole}.{tenths}"),
        _ => format!("{whole}.{rest:02}"),
    }
}

/// 1 to 10 in Chinese numerals, others in digits.
pub(super) fn chinese(n: u32) -> String {
    const NUMERALS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
    let place = usize::try_from(n).ok().and_then(|n| n.checked_sub(1));
    place.and_then(|at| NUMERALS.get(at)).map_or_else(|| format!(" {n} "), |numeral| (*numeral).to_owned())
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn two_decimals_at_most() {
        for (n, text) in
            [(0, "0"), (5, "0.05"), (50, "0.5"), (100, "1"), (325, "3.25"), (1_250, "12.5"), (36_000, "360"), (101, "1.01")]
        {
            assert_eq!(amount(n), text);
        }
    }
}
