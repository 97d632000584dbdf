//! A passphrase stretched to a key, in memory that is wiped afterwards: what Argon2 leaves there is worth the passphrase to whoever reads it.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize as _, Zeroizing};

/// The key, or nothing where the parameters are out of range or the memory is not to be had.
pub(super) fn stretch(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(memory_kib, passes, 1, Some(32)).ok()?;
    let count = params.block_count();
    let mut memory = Vec::new();
    memory.try_reserve_exact(count).ok()?;
    memory.resize(count, Block::new());
    stretch_in(&mut memory, passphrase, salt, params)
}

fn stretch_in(memory: &mut [Block], passphrase: &str, salt: &[u8], params: Params) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = argon.hash_password_into_with_memory(passphrase.as_bytes(), salt, key.as_mut_slice(), &mut *memory);
    memory.iter_mut().zeroize();
    done.ok().map(|()| key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SALT: &[u8] = b"sixteen bytes ..";

    /// Memory in which a passphrase was stretched and that nobody wiped.
    fn used(params: &Params) -> Vec<Block> {
        let mut memory = vec![Block::new(); params.block_count()];
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        argon.fill_memory(b"a passphrase", SALT, &mut memory).unwrap();
        assert!(!is_wiped(&memory));
        memory
    }

    fn is_wiped(memory: &[Block]) -> bool {
        memory.iter().flat_map(|b| b.as_ref()).all(|word| *word == 0)
    }

    #[test]
    fn nothing_of_a_passphrase_stays_in_the_memory() {
        let params = Params::new(64, 1, 1, Some(32)).unwrap();
        let mut memory = used(&params);
        let key = stretch_in(&mut memory, "a passphrase", SALT, params).unwrap();
        assert!(is_wiped(&memory));
        assert_eq!(Some(key), stretch("a passphrase", SALT, 64, 1), "and the key is that of fresh memory");
    }

    #[test]
    fn nor_where_it_could_not_be_stretched() {
        let params = Params::new(64, 1, 1, Some(32)).unwrap();
        let mut memory = used(&params);
        assert!(stretch_in(&mut memory, "a passphrase", b"short", params).is_none());
        assert!(is_wiped(&memory));
    }

    #[test]
    fn a_key_of_former_days_is_still_the_same() {
        let mut expected = [0; 32];
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 2, 1, Some(32)).unwrap());
        argon.hash_password_into(b"a passphrase", SALT, &mut expected).unwrap();
        assert_eq!(*stretch("a passphrase", SALT, 64, 2).unwrap(), expected);
        assert!(stretch("a passphrase", SALT, 0, 2).is_none());
    }
}
