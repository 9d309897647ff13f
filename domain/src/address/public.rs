//! Which IP addresses are on the public internet (IANA special-purpose registries, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is an ordinary host of the public internet.
///
/// Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo) are judged by it.
/// What is not known to be public is not public.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Whether an address is link-local, where clouds keep their metadata services, or no address
/// of a host at all. Not even an admin's service is there.
pub fn is_metadata_or_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_link_local()
                || ip.octets()[0] == 0
                || ip.is_multicast()
                || ip.is_broadcast()
                // Metadata services of Alibaba Cloud, Oracle Cloud and Azure.
                || matches!(ip.octets(), [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16])
        }
        IpAddr::V6(ip) => {
            let segments = ip.segments();
            let is_aws_metadata = segments == [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254];
            ip.is_unspecified()
                || ip.is_multicast()
                || (segments[0] & 0xffc0) == 0xfe80
                || is_aws_metadata
                || embedded_v4(ip).is_some_and(|ip| is_metadata_or_link_local(ip.into()))
        }
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    !matches!(
        ip.octets(),
        [0, ..]                       // this network
            | [10, ..]                // private
            | [100, 64..=127, ..]     // carrier-grade NAT
            | [127, ..]               // loopback
            | [168, 63, 129, 16]      // Azure's own services, as seen from its machines
            | [169, 254, ..]          // link-local, metadata services
            | [172, 16..=31, ..]      // private
            | [192, 0, 0, _]          // protocol assignments
            | [192, 0, 2, _]          // documentation
            | [192, 88, 99, _]        // 6to4 relays
            | [192, 168, ..]          // private
            | [198, 18..=19, ..]      // benchmarking
            | [198, 51, 100, _]       // documentation
            | [203, 0, 113, _]        // documentation
            | [224..=255, ..] // multicast, reserved, broadcast
    )
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    if let [0x2001, 0, server_high, server_low, ..] = segments {
        // Teredo names two IPv4 hosts: its server, and the client behind it.
        let server = Ipv4Addr::from((u32::from(server_high) << 16) | u32::from(server_low));
        return is_public_v4(server) && embedded_v4(ip).is_some_and(is_public_v4);
    }
    if let Some(v4) = embedded_v4(ip) {
        return is_public_v4(v4);
    }
    let is_global_unicast = (segments[0] & 0xe000) == 0x2000;
    let is_protocol_assignment = segments[0] == 0x2001 && segments[1] < 0x0200;
    let is_documentation =
        (segments[0] == 0x2001 && segments[1] == 0x0db8) || (segments[0] == 0x3fff && segments[1] < 0x1000);
    is_global_unicast && !is_protocol_assignment && !is_documentation
}

/// The IPv4 address that an IPv6 address stands for, if it does.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        // IPv4-mapped, and IPv4-translated.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(from(high, low)),
        // NAT64, the well-known prefix. The local one, 64:ff9b:1::/48, is never public.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(from(high, low)),
        // Teredo keeps the client's address inverted.
        [0x2001, 0, _, _, _, _, high, low] => Some(from(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2002:7f00:1::1",
            "2002:c0a8:101::1",
            "2002:a00:1::",
            "2001:0:5333:a1::80ff:fffe", // Teredo, client 127.0.0.1
            "2001:0:a00:1::f7f7:f7f7",   // Teredo, server 10.0.0.1
            "4000::1",
            "5f00::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip} was taken for public");
        }
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(is_public(ip.parse().unwrap()), "{ip} was not taken for public");
        }
    }

    #[test]
    fn metadata_services_are_recognised_in_every_spelling() {
        for ip in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fe80::1",
            "fd00:ec2::254",
            "0.0.0.0",
            "::",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(is_metadata_or_link_local(ip.parse().unwrap()), "{ip} was let through");
        }
        for ip in ["127.0.0.1", "192.168.1.10", "10.0.0.1", "fd12::1", "::1", "8.8.8.8"] {
            assert!(!is_metadata_or_link_local(ip.parse().unwrap()), "{ip} was refused");
        }
    }
}
