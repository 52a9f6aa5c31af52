//! Ports for tests that tell a program where to listen.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Above those that Crossfade gives to slots, which may be free just now and not for long; below those from which the
/// kernel takes ports for outgoing connections: one of these would be gone by the time that the program listens.
const FIRST: u16 = 24_000;
const ALL: u16 = 8_000;
/// Tests run as processes side by side, with numbers that follow one another: each begins this far from the next.
const EACH: u32 = 20;

pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() * EACH % u32::from(ALL)).unwrap();
    for _ in 0..ALL {
        let port = FIRST + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % ALL;
        let at = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
