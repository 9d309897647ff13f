//! What a user of Overseerr may do.

use domain::media::MediaType;

const ADMIN: i64 = 2;
const MANAGE_REQUESTS: i64 = 16;
const REQUEST: i64 = 32;
const AUTO_APPROVE: [i64; 3] = [128, 256, 512];
const REQUEST_4K: [i64; 3] = [1024, 2048, 4096];
const AUTO_APPROVE_4K: [i64; 3] = [32_768, 65_536, 131_072];
const REQUEST_ONE: [i64; 3] = [REQUEST, 262_144, 524_288];

/// A set of bits, as Overseerr keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions(i64);

impl Permissions {
    pub fn from_bits(bits: i64) -> Self {
        Self(bits)
    }

    pub fn bits(self) -> i64 {
        self.0
    }

    pub fn is_admin(self) -> bool {
        self.0 & ADMIN != 0
    }

    pub fn may_request(self, media_type: MediaType, is_4k: bool) -> bool {
        self.has(if is_4k { REQUEST_4K } else { REQUEST_ONE }, media_type)
    }

    /// Whether a request of theirs needs nobody's word.
    pub fn is_approved_at_once(self, media_type: MediaType, is_4k: bool) -> bool {
        self.0 & MANAGE_REQUESTS != 0
            || self.has(if is_4k { AUTO_APPROVE_4K } else { AUTO_APPROVE }, media_type)
    }

    fn has(self, [any, movie, tv]: [i64; 3], media_type: MediaType) -> bool {
        let one = match media_type {
            MediaType::Movie => movie,
            MediaType::Tv => tv,
        };
        self.is_admin() || self.0 & (any | one) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_say_who_may_ask_for_what() {
        let [plain, movies_only, admin] = [32, 262_144 | 256, 2].map(Permissions::from_bits);

        assert!(plain.may_request(MediaType::Tv, false) && !plain.may_request(MediaType::Tv, true));
        assert!(!plain.is_approved_at_once(MediaType::Movie, false));
        assert!(movies_only.may_request(MediaType::Movie, false));
        assert!(!movies_only.may_request(MediaType::Tv, false));
        assert!(movies_only.is_approved_at_once(MediaType::Movie, false));
        assert!(!movies_only.is_approved_at_once(MediaType::Tv, false));
        assert!(admin.may_request(MediaType::Tv, true) && admin.is_approved_at_once(MediaType::Tv, true));
        assert!(Permissions::from_bits(16).is_approved_at_once(MediaType::Movie, true));
    }
}
