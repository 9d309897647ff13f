//! Colours by lightness, strength and hue, which keeps every picture in one mood.

/// Red, green and blue, each 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Colour(pub f32, pub f32, pub f32);

impl Colour {
    /// OKLCH, as in CSS: `light` 0 to 1, `strength` some 0 to 0.2, `hue` in degrees.
    /// The matrices are those of <https://bottosson.github.io/posts/oklab/>.
    pub fn oklch(light: f32, strength: f32, hue: f32) -> Self {
        let (sin, cos) = hue.to_radians().sin_cos();
        let (a, b) = (strength * cos, strength * sin);
        let l = (light + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
        let m = (light - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
        let s = (light - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
        let gamma = |linear: f32| {
            let linear = linear.clamp(0.0, 1.0);
            if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
        };
        Self(
            gamma(4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s),
            gamma(-1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s),
            gamma(-0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s),
        )
    }

    /// This, covered by `other` to the share `cover` (0 to 1).
    pub fn under(self, other: Self, cover: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * cover;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
    pub fn bytes(self) -> [u8; 3] {
        [self.0, self.1, self.2].map(|part| (part.clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
    }
}
