//! What Linux tells of sockets, in the text files of `/proc/net`. Elsewhere nothing is known.
//! Source of the columns: <https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt>; `drops` is the last
//! one of `udp` since Linux 2.6.27.

use std::net::Ipv4Addr;

/// State 01 of `include/net/tcp_states.h`.
const ESTABLISHED: &str = "01";

/// How many connections over IPv4 loopback are open to any of these ports: those of the router to a slot, idle ones
/// that it keeps among them, and those of anybody else on this machine. `None` where the kernel does not tell.
///
/// Reads a line for every TCP socket of the machine: where there are many, away from the threads that serve requests.
pub fn open_connections(ports: &[u16]) -> Option<u64> {
    Some(connections(&std::fs::read_to_string("/proc/net/tcp").ok()?, ports))
}

/// A connection over loopback has a line for each end; this counts the ends that connected.
fn connections(tcp: &str, ports: &[u16]) -> u64 {
    let to_them = |line: &&str| {
        let mut columns = line.split_ascii_whitespace().skip(2);
        let remote = columns.next().and_then(address);
        let established = columns.next() == Some(ESTABLISHED);
        established && remote.is_some_and(|(ip, port)| ip.is_loopback() && ports.contains(&port))
    };
    tcp.lines().skip(1).filter(to_them).count() as u64
}

/// `0100007F:0BB8`: the address as the machine keeps it in memory, the port as people write it.
fn address(text: &str) -> Option<(Ipv4Addr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let ip = u32::from_str_radix(ip, 16).ok()?;
    Some((Ipv4Addr::from(ip.to_ne_bytes()), u16::from_str_radix(port, 16).ok()?))
}

/// How many datagrams the kernel threw away because the socket with this inode was full. `None` where it does not tell.
pub(super) fn dropped(inode: u64) -> Option<u64> {
    drops(&std::fs::read_to_string("/proc/net/udp").ok()?, inode)
}

fn drops(udp: &str, inode: u64) -> Option<u64> {
    udp.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let own = columns.get(9)?.parse() == Ok(inode);
        if own { columns.get(12)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  \
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0000000000000000
   1: 0100007F:C350 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0000000000000000
   2: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0000000000000000
   3: 0100007F:C351 0100007F:0BB9 01 00000000:00000000 00:00000000 00000000     0        0 104 1 0000000000000000
   4: 0100007F:C352 0100007F:0BB8 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0000000000000000
   5: 0100007F:C353 0200007F:0BB8 01 00000000:00000000 00:00000000 00000000     0        0 105 1 0000000000000000
   6: 0100000A:C354 0200000A:0BB8 01 00000000:00000000 00:00000000 00000000     0        0 106 1 0000000000000000
   7: 0100007F:C355 0100007F:0BB8 08 00000000:00000000 00:00000000 00000000     0        0 107 1 0000000000000000
   8: rubbish
   9: 0100007F
";

    #[test]
    #[cfg(target_endian = "little")]
    fn connections_to_ports_are_counted_once() {
        for (ports, open) in
            [(&[3_000][..], 2), (&[3_001], 1), (&[3_000, 3_001], 3), (&[50_000], 1), (&[4_000], 0), (&[], 0)]
        {
            assert_eq!(connections(TCP, ports), open, "{ports:?}");
        }
        assert_eq!(connections("", &[3_000]), 0);
    }

    #[test]
    fn drops_are_those_of_the_socket() {
        let udp = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1234: 0100007F:5213 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 17
 1235: 0100007F:5214 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0
 1236: 0100007F:5215 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713
";
        for (inode, dropped) in [(4_711, Some(17)), (4_712, Some(0)), (4_713, None), (4_714, None)] {
            assert_eq!(drops(udp, inode), dropped, "{inode}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn open_connections_are_really_there() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(open_connections(&[address.port()]), Some(0));
        let both: Vec<_> = (0..2).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
        assert_eq!(open_connections(&[address.port()]), Some(2));
        drop(both);
    }
}
