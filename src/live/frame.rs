//! Server-sent events on the wire (the WHATWG HTML standard, "Server-sent events").

use actors::event_hub::EventId;
use bytes::Bytes;

/// A comment, so that proxies and browsers see that the stream is alive.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b": still here\n\n");

/// Tells the reader that something was missed: whatever it shows must be read again.
pub(super) fn resync(cursor: EventId) -> Bytes {
    encode(Some(cursor), Some("resync"), "{}")
}

/// An id without data, so that a quiet stream has a cursor to come back with.
pub(super) fn cursor(id: EventId) -> Bytes {
    Bytes::from(format!("id: {id}\n\n"))
}

/// One event. A name makes it an event for scripts; without one, htmx swaps the data in.
pub(super) fn encode(id: Option<EventId>, name: Option<&str>, data: &str) -> Bytes {
    let mut frame = String::with_capacity(data.len() + 64);
    if let Some(name) = name {
        frame.push_str("event: ");
        frame.push_str(name);
        frame.push('\n');
    }
    if let Some(id) = id {
        frame.push_str(&format!("id: {id}\n"));
    }
    // A carriage return alone ends a line of the stream too.
    for line in data.split(['\n', '\r']) {
        frame.push_str("data: ");
        frame.push_str(line);
        frame.push('\n');
    }
    frame.push('\n');
    Bytes::from(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_frame_or_begin_another() {
        let id = EventId { millis: 7, n: 1 };

        let frame = encode(Some(id), Some("system:alert"), "a\n\nevent: x\rdata: y\r\nid: 9");

        let text = std::str::from_utf8(&frame).unwrap();
        assert_eq!(
            text,
            "event: system:alert\nid: 7-1\ndata: a\ndata: \ndata: event: x\ndata: data: y\ndata: \ndata: id: 9\n\n"
        );
    }
}
