//! How long an MP4 file plays, from its movie header.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Milliseconds. `None`: not an MP4, or one that does not say.
pub(super) fn duration(path: &Path) -> Option<i64> {
    let mut file = File::open(path).ok()?;
    let end = file.metadata().ok()?.len();
    let (start, end) = find(&mut file, *b"moov", 0, end)?;
    let (start, end) = find(&mut file, *b"mvhd", start, end)?;
    let mut header = [0; 32];
    let length = usize::try_from(end - start).ok()?.min(header.len());
    file.seek(SeekFrom::Start(start)).ok()?;
    file.read_exact(&mut header[..length]).ok()?;
    // Version 1 has 64 bits for times and the duration, version 0 has 32.
    let (scale, duration) = if header[0] == 1 {
        (number(&header[20..24]), number(&header[24..32]))
    } else {
        (number(&header[12..16]), number(&header[16..20]))
    };
    i64::try_from(duration.checked_mul(1000)?.checked_div(scale)?).ok()
}

/// From where to where the box of this kind goes, without its head.
fn find(file: &mut File, kind: [u8; 4], mut at: u64, end: u64) -> Option<(u64, u64)> {
    while at + 8 <= end {
        let mut head = [0; 16];
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut head[..8]).ok()?;
        let (size, skip) = match number(&head[..4]) {
            0 => (end - at, 8),
            1 => {
                file.read_exact(&mut head[8..]).ok()?;
                (number(&head[8..]), 16)
            }
            size => (size, 8),
        };
        if size < skip {
            return None;
        }
        if head[4..8] == kind {
            return Some((at + skip, at.checked_add(size)?.min(end)));
        }
        at = at.checked_add(size)?;
    }
    None
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_box(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        let size = u32::try_from(inside.len() + 8).unwrap().to_be_bytes();
        [size.as_slice(), kind, inside].concat()
    }

    fn duration_of(bytes: &[u8]) -> Option<i64> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        duration(file.path())
    }

    #[test]
    fn a_film_says_how_long_it_is_wherever_its_header_stands() {
        let header =
            [[0; 12].as_slice(), &600_u32.to_be_bytes(), &1_500_u32.to_be_bytes(), &[0; 80]].concat();
        let movie = a_box(b"moov", &[a_box(b"free", &[1; 5]), a_box(b"mvhd", &header)].concat());
        let data = a_box(b"mdat", &[7; 100]);

        assert_eq!(
            duration_of(&[a_box(b"ftyp", b"isom"), movie.clone(), data.clone()].concat()),
            Some(2_500)
        );
        assert_eq!(duration_of(&[a_box(b"ftyp", b"isom"), data.clone(), movie].concat()), Some(2_500));
        assert_eq!(duration_of(&data), None);
        assert_eq!(duration_of(b"not a film at all, but long enough"), None);
        assert_eq!(duration_of(&[0, 0, 0, 4, b'm', b'o', b'o', b'v']), None);
    }
}
