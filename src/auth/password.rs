//! Password hashes: argon2id; bcrypt is still read, and replaced at the next sign-in.
//!
//! Hashing is slow on purpose, so it runs on threads of its own, two at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::PasswordHash;
use domain::Secret;
use tokio::sync::Semaphore;

use crate::problem::Problem;

mod argon;

const AT_ONCE: usize = 2;
/// Who waits longer than this for their turn is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nobody's password is longer, in bytes.
const LONGEST: usize = 1024;

/// A hash that no password has: looking up somebody who is not there takes as long as looking
/// up somebody who is.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWVkaWFuZXN0bm9ib2R5cw$\
     q2D0Yk3vUe5o0n3Vt8a1mH7wXcJ4rL9sB6zQpF2yKdE";

/// How a password compares with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and the hash should be made anew.
    RightButOld,
}

/// Hashes and checks, a few at a time.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Hasher {
    /// The hash under which `password` is kept.
    pub async fn hash(&self, password: Secret) -> Result<String, Problem> {
        self.in_turn(move || {
            let hash = argon::hash(password.expose().as_bytes());
            hash.expect("a password of at most 1,024 bytes can be hashed")
        })
        .await
    }

    /// Whether `password` has this hash; `None` takes as long and is wrong.
    pub async fn check(&self, password: Secret, hash: Option<String>) -> Result<Verdict, Problem> {
        self.in_turn(move || match hash {
            Some(hash) => check(password.expose(), &hash),
            None => {
                check(password.expose(), NOBODYS_HASH);
                Verdict::Wrong
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(
                Problem::unavailable().with_detail("Too many people are signing in. Try again in a moment.")
            );
        };
        let work = move || {
            let result = work();
            drop(turn);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())
    }
}

fn check(password: &str, hash: &str) -> Verdict {
    if password.len() > LONGEST {
        return Verdict::Wrong;
    }
    if hash.starts_with("$2") {
        let right = bcrypt::verify(password, hash).unwrap_or(false);
        return if right { Verdict::RightButOld } else { Verdict::Wrong };
    }
    let Ok(parsed) = PasswordHash::new(hash) else { return Verdict::Wrong };
    match argon::is_right(password.as_bytes(), &parsed) {
        Ok(true) if is_current(&parsed) => Verdict::Right,
        Ok(true) => Verdict::RightButOld,
        Ok(false) | Err(_) => Verdict::Wrong,
    }
}

/// Whether the hash was made the way we make hashes now.
fn is_current(hash: &PasswordHash<'_>) -> bool {
    let ours = argon2::Params::default();
    let same_cost = argon2::Params::try_from(hash).is_ok_and(|theirs| {
        (theirs.m_cost(), theirs.t_cost(), theirs.p_cost()) == (ours.m_cost(), ours.t_cost(), ours.p_cost())
    });
    hash.algorithm == argon2::ARGON2ID_IDENT && same_cost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_is_right_and_others_are_wrong() {
        let hasher = Hasher::default();
        let hash = hasher.hash(Secret::new("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");

        for (password, verdict) in [
            ("correct horse", Verdict::Right),
            ("Correct horse", Verdict::Wrong),
            ("correct horse\0", Verdict::Wrong),
            ("", Verdict::Wrong),
        ] {
            let seen = hasher.check(Secret::new(password), Some(hash.clone())).await.unwrap();
            assert_eq!(seen, verdict, "{password:?}");
        }
        let huge = Secret::new("x".repeat(1 << 20));
        assert_eq!(hasher.check(huge, Some(hash)).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_bcrypt_hash_is_right_and_old() {
        let hash = bcrypt::hash("correct horse", 4).unwrap();
        let hasher = Hasher::default();

        let seen = hasher.check(Secret::new("correct horse"), Some(hash.clone())).await.unwrap();
        assert_eq!(seen, Verdict::RightButOld);
        let seen = hasher.check(Secret::new("correct mule"), Some(hash)).await.unwrap();
        assert_eq!(seen, Verdict::Wrong);
    }

    #[tokio::test]
    async fn looking_for_nobody_costs_a_real_hash() {
        assert!(PasswordHash::new(NOBODYS_HASH).is_ok_and(|hash| is_current(&hash)));

        let seen = Hasher::default().check(Secret::new("anything"), None).await.unwrap();

        assert_eq!(seen, Verdict::Wrong);
    }

    #[test]
    fn a_hash_that_cannot_be_read_fits_no_password() {
        for hash in ["", "plain", "$2b$", "$argon2id$v=19$m=1$x$y"] {
            assert_eq!(check("plain", hash), Verdict::Wrong, "{hash}");
        }
    }
}
