//! The key of the portal, and values encrypted with it.
//!
//! One key of 32 bytes comes from `MEDIANEST_SECRET_KEY` or from the file `secret.key` of the
//! data folder. It is never used itself: HKDF makes one subkey for each purpose. Encrypted values
//! are `v1|key id|nonce|ciphertext` (AES-256-GCM, nonce and ciphertext in base64), bound to their
//! table, column and row, so that a value copied to another place does not decrypt there.

use std::io::Read;
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Secret;
use hkdf::Hkdf;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;

use crate::Error;
use crate::data_dir::write_private;

const KEY_FILE: &str = "secret.key";

/// The key of the portal. Cloning is cheap enough; `Debug` shows the fingerprint only.
#[derive(Clone)]
pub struct Keyring {
    key: [u8; 32],
    fingerprint: String,
    /// Where a key that was made just now belongs, once the database is known to have none.
    unsaved: Option<PathBuf>,
}

/// Where an encrypted value belongs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub table: &'static str,
    pub column: &'static str,
    pub row: &'a str,
}

impl Keyring {
    /// The key from the setting (32 bytes in base64), else from `secret.key` in the data folder,
    /// else a new one. A new one reaches the disk only when the store opens a database that was
    /// never encrypted: with another database the answer is [`Error::WrongKey`].
    ///
    /// # Errors
    /// [`Error::BadKey`] names the setting or the file that holds something else.
    pub fn load_or_create(data_dir: &Path, setting: Option<&Secret>) -> Result<Self, Error> {
        if let Some(setting) = setting {
            return Self::decode(setting.expose())
                .ok_or_else(|| Error::BadKey("MEDIANEST_SECRET_KEY".to_owned()));
        }
        let path = data_dir.join(KEY_FILE);
        match std::fs::File::open(&path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(1024).read_to_string(&mut text).map_err(Error::file(&path))?;
                Self::decode(&text).ok_or_else(|| Error::BadKey(path.display().to_string()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                fill_random(&mut key);
                Ok(Self { unsaved: Some(path), ..Self::new(key) })
            }
            Err(error) => Err(Error::file(path)(error)),
        }
    }

    /// A keyring around the given key.
    pub fn new(key: [u8; 32]) -> Self {
        let mut keyring = Self { key, fingerprint: String::new(), unsaved: None };
        keyring.fingerprint = hex(&keyring.subkey("fingerprint")[..8]);
        keyring
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        Some(Self::new(bytes.try_into().ok()?))
    }

    /// A key for one purpose, such as `jwt` or `csrf`. The same key and purpose give the same
    /// subkey, and no subkey says anything about another.
    pub fn subkey(&self, purpose: &str) -> [u8; 32] {
        let mut subkey = [0; 32];
        Hkdf::<Sha256>::new(Some(b"medianest"), &self.key)
            .expand(purpose.as_bytes(), &mut subkey)
            .expect("32 bytes are a valid length for HKDF with SHA-256");
        subkey
    }

    /// Names the key without giving it away; also the key id inside encrypted values.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Writes a key that was made just now to its file.
    pub(crate) fn save(&self) -> Result<(), Error> {
        match &self.unsaved {
            Some(path) => write_private(path, STANDARD.encode(self.key).as_bytes()),
            None => Ok(()),
        }
    }

    /// Encrypts `secret` for one place.
    pub fn seal(&self, place: Place<'_>, secret: &Secret) -> String {
        let mut nonce = [0; 12];
        fill_random(&mut nonce);
        let associated = place.associated_data(&self.fingerprint);
        let payload = Payload { msg: secret.expose().as_bytes(), aad: associated.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a value of the settings is far below the limit of AES-GCM");
        format!("v1|{}|{}|{}", self.fingerprint, STANDARD.encode(nonce), STANDARD.encode(sealed))
    }

    /// Decrypts what [`Keyring::seal`] made for the same place.
    ///
    /// # Errors
    /// [`Error::Unreadable`] for anything else: changed, cut, moved, or made with another key.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Secret, Error> {
        self.try_open(place, sealed).ok_or(Error::Unreadable(place.column))
    }

    fn try_open(&self, place: Place<'_>, sealed: &str) -> Option<Secret> {
        let mut parts = sealed.split('|');
        let (version, key_id, nonce, ciphertext) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != "v1" || key_id != self.fingerprint || parts.next().is_some() {
            return None;
        }
        let nonce: [u8; 12] = STANDARD.decode(nonce).ok()?.try_into().ok()?;
        let ciphertext = STANDARD.decode(ciphertext).ok()?;
        let associated = place.associated_data(key_id);
        let payload = Payload { msg: &ciphertext, aad: associated.as_bytes() };
        let text = self.cipher().decrypt(&Nonce::from(nonce), payload).ok()?;
        String::from_utf8(text).ok().map(Secret::new)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.subkey("secrets").into())
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Place<'_> {
    fn associated_data(&self, key_id: &str) -> String {
        format!("{}|{}|{}|{key_id}", self.table, self.column, self.row)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Fills from the operating system. Without it nothing here is safe, so there is no fallback.
fn fill_random(bytes: &mut [u8]) {
    OsRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const PLACE: Place<'_> = Place { table: "service_config", column: "api_key", row: "1" };

    fn keyring() -> Keyring {
        Keyring::new([7; 32])
    }

    #[test]
    fn a_value_opens_in_its_own_place_only() {
        let sealed = keyring().seal(PLACE, &Secret::new("tmdb-key"));

        assert_eq!(keyring().open(PLACE, &sealed).unwrap().expose(), "tmdb-key");
        for elsewhere in [
            Place { row: "2", ..PLACE },
            Place { column: "config_data", ..PLACE },
            Place { table: "users", ..PLACE },
        ] {
            assert!(matches!(keyring().open(elsewhere, &sealed), Err(Error::Unreadable(_))));
        }
    }

    #[test]
    fn damage_of_any_kind_is_an_error_and_never_a_panic() {
        let sealed = keyring().seal(PLACE, &Secret::new("tmdb-key"));

        for end in 0..sealed.len() {
            assert!(keyring().open(PLACE, &sealed[..end]).is_err(), "cut to {end}");
        }
        let bytes = sealed.as_bytes();
        for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << bit;
            if let Ok(changed) = String::from_utf8(changed) {
                assert!(keyring().open(PLACE, &changed).is_err(), "bit {bit} of byte {at}");
            }
        }
        for odd in ["", "|", "v1|||", "v2|a|b|c", "v1|a|b|c|d", "é|ü"] {
            assert!(keyring().open(PLACE, odd).is_err());
        }
        assert!(Keyring::new([8; 32]).open(PLACE, &sealed).is_err(), "another key");
    }

    #[test]
    fn nonces_do_not_repeat() {
        let keyring = keyring();
        let secret = Secret::new("");
        let mut nonces = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let sealed = keyring.seal(PLACE, &secret);
            assert!(nonces.insert(sealed.split('|').nth(2).unwrap().to_owned()));
        }
    }

    #[test]
    fn subkeys_differ_by_purpose_and_stay_the_same() {
        assert_eq!(keyring().subkey("jwt"), keyring().subkey("jwt"));
        assert_ne!(keyring().subkey("jwt"), keyring().subkey("csrf"));
    }

    #[test]
    fn a_new_key_waits_until_it_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let first = Keyring::load_or_create(folder.path(), None).unwrap();
        assert!(!folder.path().join(KEY_FILE).exists());

        first.save().unwrap();

        let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = Keyring::load_or_create(folder.path(), None).unwrap();
        assert_eq!(second.fingerprint(), first.fingerprint());
        assert!(!format!("{second:?}").contains(&STANDARD.encode(second.key)));
    }

    #[test]
    fn what_is_no_key_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "short", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            let setting = Secret::new(text);
            let error = Keyring::load_or_create(folder.path(), Some(&setting)).unwrap_err();
            assert!(error.to_string().contains("MEDIANEST_SECRET_KEY"), "{error}");
        }
    }
}
