//! argon2id in memory that goes back to the system.
//!
//! The C library keeps what was freed, in pieces of up to 32 MiB, in case it is wanted again:
//! with the second password the 19 MiB of a hash would stay with the process for ever. A piece
//! above that goes back at once, and the part of it that nobody writes to takes no memory.

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{Output, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};

type Result<T> = argon2::password_hash::Result<T>;

/// In bytes, more than any C library keeps.
const NEVER_KEPT: usize = 33 * 1024 * 1024;

/// A new hash of `password`, as text.
pub fn hash(password: &[u8]) -> Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let argon2 = Argon2::default();
    let output = output(&argon2, password, salt.as_salt())?;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: argon2.params().try_into()?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// Whether `password` has this hash, at the cost that the hash names.
pub fn is_right(password: &[u8], hash: &PasswordHash<'_>) -> Result<bool> {
    let (Some(salt), Some(wanted)) = (hash.salt, hash.hash) else { return Ok(false) };
    let algorithm = Algorithm::try_from(hash.algorithm)?;
    let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(hash)?);
    // Outputs compare in constant time.
    Ok(output(&argon2, password, salt)? == wanted)
}

fn output(argon2: &Argon2<'_>, password: &[u8], salt: Salt<'_>) -> Result<Output> {
    let mut buffer = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut buffer)?;
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut memory = memory(argon2.params().block_count());
    Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(password, salt, out, &mut memory)?)
    })
}

fn memory(blocks: usize) -> Vec<Block> {
    let mut memory = Vec::with_capacity(blocks.max(NEVER_KEPT / Block::SIZE));
    memory.resize(blocks, Block::new());
    memory
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{PasswordHasher, PasswordVerifier};

    #[test]
    fn hashes_are_those_of_everybody_else() {
        let ours = hash(b"correct horse").unwrap();
        let ours = PasswordHash::new(&ours).unwrap();
        Argon2::default().verify_password(b"correct horse", &ours).unwrap();

        let salt = SaltString::generate(&mut OsRng);
        let cheap = Argon2::from(Params::new(64, 3, 2, Some(24)).unwrap());
        let theirs = cheap.hash_password(b"correct horse", &salt).unwrap();
        assert!(is_right(b"correct horse", &theirs).unwrap());
        assert!(!is_right(b"correct mule", &theirs).unwrap());
    }

    #[test]
    fn the_memory_of_a_hash_is_more_than_is_kept() {
        let memory = memory(Params::default().block_count());

        assert_eq!(memory.len(), Params::default().block_count());
        assert!(memory.capacity() * Block::SIZE > 32 * 1024 * 1024);
    }
}
