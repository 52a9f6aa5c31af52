//! A service, small enough to be a test of this program: started by Crossfade, it serves and does not end.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// Set where it is to serve.
pub const SERVES: &str = "SERVES";

#[test]
fn serves() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    let port: u16 = std::env::var("PORT").unwrap().parse().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    println!("listening on {port}");
    for guest in listener.incoming().flatten() {
        std::thread::spawn(move || answer(guest));
    }
}

/// Each request with 200, whatever it asks for. No request here has a body.
fn answer(guest: TcpStream) {
    let release = std::env::var("CROSSFADE_RELEASE").unwrap_or_default();
    let (pid, mut guest) = (std::process::id().to_string(), BufReader::new(guest));
    let head = format!("HTTP/1.1 200 OK\r\nx-release: {release}\r\ncontent-length: {}\r\n\r\n{pid}", pid.len());
    let mut line = String::new();
    while guest.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line == "\r\n" && guest.get_mut().write_all(head.as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}
