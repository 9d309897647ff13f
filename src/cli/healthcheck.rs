//! `medianest healthcheck`: for containers that have no curl.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::Failure;
use crate::settings::Settings;

const DEADLINE: Duration = Duration::from_secs(3);

/// Succeeds when the portal on this machine answers `/readyz` with 200.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let mut address = settings.listen;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let status =
        ask(address).map_err(|error| Failure::Failed(format!("no portal answers at {address}: {error}")))?;
    if status == "200" {
        println!("ready");
        return Ok(());
    }
    Err(Failure::Failed(format!("the portal at {address} is not ready (it answered {status})")))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    let line = String::from_utf8_lossy(&answer);
    Ok(line.split(' ').nth(1).unwrap_or("nothing").to_owned())
}
