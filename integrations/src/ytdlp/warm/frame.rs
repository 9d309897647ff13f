//! How the helper sends what its jobs say: job, kind, length, bytes.

use std::io;

use bytes::{Buf, Bytes, BytesMut};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ready,
    Started,
    Stdout,
    Stderr,
    Ended,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub job: u32,
    pub kind: Kind,
    pub data: Bytes,
}

const HEAD: usize = 9;

/// The helper sends at most 64 KiB at once.
const MAX_DATA: usize = 128 * 1024;

impl Frame {
    /// Takes one frame off the front of what was read, if it is complete.
    ///
    /// # Errors
    ///
    /// If it is no frame, so that nothing after it can be read either.
    pub fn take(read: &mut BytesMut) -> io::Result<Option<Self>> {
        let Some(mut head) = read.get(..HEAD) else { return Ok(None) };
        let (job, kind, length) = (head.get_u32(), head.get_u8(), head.get_u32() as usize);
        let kind = match kind {
            0 => Kind::Ready,
            1 => Kind::Started,
            2 => Kind::Stdout,
            3 => Kind::Stderr,
            4 => Kind::Ended,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        if length > MAX_DATA {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if read.len() < HEAD + length {
            read.reserve(HEAD + length - read.len());
            return Ok(None);
        }
        read.advance(HEAD);
        Ok(Some(Self { job, kind, data: read.split_to(length).freeze() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 11] = [0, 0, 0, 7, 2, 0, 0, 0, 2, b'h', b'i'];

    #[test]
    fn a_frame_is_taken_when_all_of_it_is_there() {
        let mut read = BytesMut::new();
        for byte in FRAME {
            assert_eq!(Frame::take(&mut read).unwrap(), None);
            read.extend_from_slice(&[byte]);
        }
        read.extend_from_slice(&FRAME[..3]);

        let frame = Frame::take(&mut read).unwrap().unwrap();

        assert_eq!(frame, Frame { job: 7, kind: Kind::Stdout, data: Bytes::from_static(b"hi") });
        assert_eq!(read.len(), 3);
    }

    #[test]
    fn noise_is_an_error_and_not_an_allocation() {
        for head in [[0, 0, 0, 7, 9, 0, 0, 0, 2], [0, 0, 0, 7, 2, 255, 0, 0, 2]] {
            assert!(Frame::take(&mut BytesMut::from(&head[..])).is_err());
        }
    }
}
