//! The sky, the sun, the hills, the words; and faces.

use super::colour::Colour;
use super::letters::{Stroke, letter};
use super::{Kind, Picture};
use crate::world::scramble;

/// The picture as rows of red, green and blue.
pub(super) fn paint(picture: &Picture, width: u32, height: u32) -> Vec<u8> {
    let mut canvas = Canvas::new(width, height);
    if picture.kind == Kind::Portrait {
        portrait(&mut canvas, picture.seed);
    } else {
        landscape(&mut canvas, picture);
    }
    if let Some(title) = &picture.title {
        write(&mut canvas, title);
    }
    canvas.pixels.iter().flat_map(|pixel| pixel.bytes()).collect()
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, pixels: vec![Colour(0.0, 0.0, 0.0); width * height] }
    }

    /// Calls `colour` with each pixel's place (0 to 1 both ways) and its colour so far.
    fn each(&mut self, mut colour: impl FnMut(usize, f32, f32, Colour) -> Colour) {
        let (width, height) = (real(self.width), real(self.height));
        for (row, pixels) in self.pixels.chunks_mut(self.width).enumerate() {
            let y = (real(row) + 0.5) / height;
            for (column, pixel) in pixels.iter_mut().enumerate() {
                *pixel = colour(column, (real(column) + 0.5) / width, y, *pixel);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "pixels are counted in hundreds")]
fn real(n: usize) -> f32 {
    n as f32
}

/// Numbers between 0 and 1, always the same for a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f32 {
        self.0 = scramble(self.0);
        f32::from(u16::try_from(self.0 >> 48).unwrap_or_default()) / 65_536.0
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + self.roll() * (high - low)
    }
}

fn landscape(canvas: &mut Canvas, picture: &Picture) {
    let mut dice = Dice(picture.seed);
    let sky_hue = dice.between(0.0, 360.0);
    let turn = if dice.roll() < 0.5 { dice.between(-60.0, -30.0) } else { dice.between(30.0, 150.0) };
    let land_hue = sky_hue + turn;
    let dim = if picture.kind == Kind::Still { 0.06 } else { 0.0 };
    let stops = [
        Colour::oklch(0.62 - dim, 0.16, sky_hue),
        Colour::oklch(0.40 - dim, 0.14, land_hue),
        Colour::oklch(0.17, 0.05, land_hue),
    ];
    let slant = dice.between(0.3, 0.9);
    let sun = Colour::oklch(0.93, 0.09, sky_hue);
    let (sun_x, sun_y) = (dice.between(0.3, 0.75), dice.between(0.2, 0.45));
    let radius = dice.between(0.11, 0.24);
    // Both kinds of picture have round suns: x is measured in units of the smaller side.
    let (unit_x, unit_y) = match picture.kind {
        Kind::Poster | Kind::Portrait => (1.0, 1.5),
        Kind::Backdrop | Kind::Still => (16.0 / 9.0, 1.0),
    };

    let hills: Vec<(Vec<f32>, Colour)> =
        [(0.50, 0.38, 0.090), (0.60, 0.30, 0.075), (0.74, 0.22, 0.060), (0.86, 0.14, 0.045)]
            .into_iter()
            .map(|(base, light, strength)| {
                (ridge(&mut dice, canvas.width, base), Colour::oklch(light, strength, land_hue))
            })
            .collect();
    let edge = 1.0 / real(canvas.height);

    canvas.each(|column, x, y, _| {
        let along = ((x * slant + y) / (slant + 1.0)).clamp(0.0, 1.0);
        let mut colour = if along < 0.55 {
            stops[0].under(stops[1], along / 0.55)
        } else {
            stops[1].under(stops[2], (along - 0.55) / 0.45)
        };
        let far = (((x - sun_x) * unit_x).powi(2) + ((y - sun_y) * unit_y).powi(2)).sqrt();
        let glow = (1.0 - far / (radius * 2.4)).clamp(0.0, 1.0);
        colour = colour.under(sun, glow * 0.55);
        let disc = ((radius - far) / (edge * unit_y) + 0.5).clamp(0.0, 1.0);
        colour = colour.under(sun, disc * 0.92);
        for (ridge, land) in &hills {
            let cover = ((y - ridge[column]) / edge + 0.5).clamp(0.0, 1.0);
            colour = colour.under(*land, cover * 0.95);
        }
        colour
    });
}

/// The height of a row of hills above each column.
fn ridge(dice: &mut Dice, width: usize, base: f32) -> Vec<f32> {
    let mut corners = vec![(0.0, base + dice.between(-0.05, 0.05))];
    let mut x = 0.0;
    while x < 1.0 {
        x += dice.between(0.08, 0.25);
        corners.push((x, base + dice.between(-0.08, 0.08)));
    }
    (0..width)
        .map(|column| {
            let x = (real(column) + 0.5) / real(width);
            let right = corners.iter().position(|corner| corner.0 >= x).unwrap_or(corners.len() - 1).max(1);
            let (from, to) = (corners[right - 1], corners[right]);
            from.1 + (to.1 - from.1) * ((x - from.0) / (to.0 - from.0))
        })
        .collect()
}

fn portrait(canvas: &mut Canvas, seed: u64) {
    let mut dice = Dice(seed);
    let hue = dice.between(0.0, 360.0);
    let (top, bottom) = (Colour::oklch(0.78, 0.10, hue), Colour::oklch(0.45, 0.12, hue + 40.0));
    let skin = Colour::oklch(dice.between(0.5, 0.82), 0.06, 55.0);
    let hair = Colour::oklch(dice.between(0.2, 0.6), 0.05, dice.between(20.0, 90.0));
    let coat = Colour::oklch(0.30, 0.07, hue + 120.0);
    let edge = 1.5 / real(canvas.height);
    let round = |x: f32, y: f32, cx: f32, cy: f32, rx: f32, ry: f32| {
        let far = (((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2)).sqrt();
        ((1.0 - far) * ry / edge + 0.5).clamp(0.0, 1.0)
    };
    let long = dice.between(0.20, 0.27);
    canvas.each(|_, x, y, _| {
        let mut colour = top.under(bottom, y);
        colour = colour.under(hair, round(x, y, 0.5, 0.42, 0.25, long));
        colour = colour.under(skin, round(x, y, 0.5, 0.62, 0.10, 0.16));
        colour = colour.under(coat, round(x, y, 0.5, 1.04, 0.44, 0.34));
        colour = colour.under(skin, round(x, y, 0.5, 0.46, 0.19, 0.19));
        // The fringe.
        if y < 0.40 { colour.under(hair, round(x, y, 0.5, 0.36, 0.21, 0.11)) } else { colour }
    });
}

/// The title, word under word from the lower left corner, as large as fits.
fn write(canvas: &mut Canvas, title: &str) {
    let upper = title.to_uppercase();
    let mut lines: Vec<&str> = upper.split_whitespace().collect();
    let too_many = lines.len().saturating_sub(5);
    lines.truncate(5);
    let widest = lines.iter().map(|line| line_width(line)).fold(1.0, f32::max);
    let width = real(canvas.width);
    // The grid is six high; a line takes eight.
    let unit = (width * 0.86 / widest).min(width * 0.0165);
    let bottom = real(canvas.height) - width * 0.07 - unit * 6.0;
    for (from_below, line) in lines.iter().rev().enumerate() {
        let y = bottom - real(from_below) * unit * 8.3;
        write_line(canvas, line, width * 0.07, y, unit);
    }
    if too_many > 0 {
        write_line(canvas, "...", width * 0.80, bottom, unit);
    }
}

fn line_width(line: &str) -> f32 {
    line.chars().map(|c| letter(c).1 + 2.0).sum()
}

fn write_line(canvas: &mut Canvas, line: &str, x: f32, y: f32, unit: f32) {
    let mut left = x;
    for c in line.chars() {
        let (strokes, width) = letter(c);
        for stroke in strokes {
            let on_canvas = stroke.map(|(sx, sy)| (left + sx * unit, y + sy * unit));
            draw(canvas, on_canvas, unit * 0.62);
        }
        left += (width + 2.0) * unit;
    }
}

/// One stroke with a round pen of this radius, in white.
fn draw(canvas: &mut Canvas, stroke: Stroke, pen: f32) {
    let [(ax, ay), (bx, by)] = stroke;
    let span = |low: f32, high: f32, size: usize| {
        let from = pixel(low - pen - 1.0).min(size);
        from..pixel(high + pen + 2.0).min(size)
    };
    let (dx, dy) = (bx - ax, by - ay);
    let length = (dx * dx + dy * dy).max(f32::EPSILON);
    for row in span(ay.min(by), ay.max(by), canvas.height) {
        for column in span(ax.min(bx), ax.max(bx), canvas.width) {
            let (px, py) = (real(column) + 0.5 - ax, real(row) + 0.5 - ay);
            let along = ((px * dx + py * dy) / length).clamp(0.0, 1.0);
            let far = ((px - along * dx).powi(2) + (py - along * dy).powi(2)).sqrt();
            let cover = (pen - far + 0.5).clamp(0.0, 1.0);
            let pixel = &mut canvas.pixels[row * canvas.width + column];
            *pixel = pixel.under(Colour(1.0, 1.0, 1.0), cover);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, which is meant"
)]
fn pixel(at: f32) -> usize {
    at.max(0.0) as usize
}
