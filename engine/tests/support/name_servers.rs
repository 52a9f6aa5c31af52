//! A private NSD and a private Unbound in a folder of their own: started and stopped by the test that made them.

#[path = "ports.rs"]
mod ports;

use engine::dns::Resolver;
use ports::free_port;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The zones, as NSD reads them. Each also gets its SOA, and NS records for `ns1` and `ns2` in it.
const ZONES: [(&str, &str); 6] = [
    ("com.", ""),
    ("net.", ""),
    (
        "shop.com.",
        "minute 60 A 192.0.2.1\n\
         five 300 A 192.0.2.1\n\
         hour 3600 A 192.0.2.1\n\
         both 60 A 192.0.2.1\n\
         both 3600 AAAA 2001:db8::1\n\
         six 120 AAAA 2001:db8::1\n\
         * 90 A 192.0.2.9\n\
         www 3600 CNAME shop.lb.net.\n\
         near 3600 CNAME five\n\
         astray 60 CNAME gone.lb.net.\n\
         text 60 TXT \"no address\"\n",
    ),
    ("lb.net.", "shop 30 CNAME edge.cdn.net.\n"),
    ("cdn.net.", "edge 600 A 192.0.2.7\nedge 600 AAAA 2001:db8::7\n"),
    // A zone of its own below one that would answer for it.
    ("eu.shop.com.", "api 45 A 192.0.2.3\n"),
];

/// Zones that Unbound was told of and NSD does not have.
const ELSEWHERE: &str = "\
    local-zone: \"refused.org.\" static\n\
    local-data: \"refused.org. 60 NS ns1.refused.org.\"\n\
    local-data: \"ns1.refused.org. 60 A 127.0.0.1\"\n\
    local-data: \"www.refused.org. 60 A 192.0.2.5\"\n\
    local-zone: \"silent.org.\" static\n\
    local-data: \"silent.org. 60 NS ns1.silent.org.\"\n\
    local-data: \"ns1.silent.org. 60 A 127.0.0.2\"\n\
    local-data: \"www.silent.org. 400 A 192.0.2.6\"\n";

pub struct NameServers {
    children: Vec<Child>,
    /// Where NSD listens, on 127.0.0.1.
    pub owners_port: u16,
    /// Where Unbound listens.
    pub recursive_port: u16,
    _folder: TempDir,
}

impl NameServers {
    pub fn start() -> NameServers {
        let folder = tempfile::tempdir().unwrap();
        let (owners_port, recursive_port) = (free_port(), free_port());
        let nsd = nsd(folder.path(), owners_port);
        // It listens before it has its zones, and Unbound would remember that it did not know them.
        for (zone, _) in ZONES {
            wait_for("a zone of NSD's", || knows(owners_port, zone));
        }
        let mut servers = NameServers { children: vec![nsd], owners_port, recursive_port, _folder: folder };
        // Now and then an Unbound never gets to answering: then another one does.
        for _ in 0..5 {
            let mut unbound = unbound(servers._folder.path(), recursive_port, owners_port);
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(3) {
                if knows(recursive_port, "cdn.net.") && knows(recursive_port, "eu.shop.com.") {
                    servers.children.push(unbound);
                    return servers;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = unbound.kill();
            let _ = unbound.wait();
        }
        panic!("Unbound does not answer");
    }

    pub fn recursive(&self) -> String {
        format!("127.0.0.1:{}", self.recursive_port)
    }

    pub fn resolver(&self) -> Resolver {
        Resolver::new(&[self.recursive()]).unwrap().with_authoritative_port(self.owners_port)
    }
}

impl Drop for NameServers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Not killed: NSD has children of its own, which it ends itself.
            let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
            let _ = child.wait();
        }
    }
}

fn nsd(folder: &Path, port: u16) -> Child {
    let at = folder.display();
    let mut config = format!(
        "server:\n ip-address: 127.0.0.1@{port}\n server-count: 1\n username: \"\"\n zonesdir: {at}\n database: \"\"\n \
         pidfile: {at}/nsd.pid\n xfrdfile: {at}/xfrd\n xfrdir: {at}\n zonelistfile: {at}/zones\n \
         logfile: {at}/nsd.log\nremote-control:\n control-enable: no\n\
         zone:\n name: broken.com\n zonefile: {at}/not-there\n"
    );
    for (name, records) in ZONES {
        let mut text = format!(
            "$ORIGIN {name}\n$TTL 900\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\n@ NS ns2\n\
             ns1 A 127.0.0.1\nns2 A 127.0.0.1\n{records}"
        );
        if name == "shop.com." {
            // Too long for UDP.
            (1..=60).for_each(|n| writeln!(text, "many 300 A 192.0.2.{n}").unwrap());
            text += "eu NS ns1.eu\nns1.eu A 127.0.0.1\n";
        }
        fs::write(folder.join(format!("{name}zone")), text).unwrap();
        write!(config, "zone:\n name: {name}\n zonefile: {at}/{name}zone\n").unwrap();
    }
    fs::write(folder.join("nsd.conf"), config).unwrap();
    run("nsd", &["-d", "-c"], &folder.join("nsd.conf"))
}

fn unbound(folder: &Path, port: u16, owners_port: u16) -> Child {
    let at = folder.display();
    let mut config = format!(
        "server:\n directory: {at}\n chroot: \"\"\n username: \"\"\n pidfile: \"\"\n use-syslog: no\n \
         logfile: {at}/unbound.log\n num-threads: 1\n interface: 127.0.0.1\n port: {port}\n \
         module-config: iterator\n do-not-query-localhost: no\n do-ip6: no\n{ELSEWHERE}\
         remote-control:\n control-enable: no\n"
    );
    // It must not look for the world's root, nor for owners on port 53.
    for name in ZONES.map(|(name, _)| name).into_iter().chain(["broken.com.", "."]) {
        write!(config, "stub-zone:\n name: {name}\n stub-addr: 127.0.0.1@{owners_port}\n").unwrap();
    }
    fs::write(folder.join("unbound.conf"), config).unwrap();
    run("unbound", &["-d", "-c"], &folder.join("unbound.conf"))
}

/// Whether the name server says, without an error, where the zone begins.
fn knows(port: u16, zone: &str) -> bool {
    // One question: the SOA record of the zone. RFC 1035, section 4.
    let mut question = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in zone.split_terminator('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, 6, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut answer = [0; 512];
    let asked = socket.send_to(&question, (Ipv4Addr::LOCALHOST, port)).and_then(|_| socket.recv(&mut answer));
    asked.is_ok_and(|length| length > 12 && answer[3] & 15 == 0 && answer[7] > 0)
}

fn run(program: &str, args: &[&str], config: &Path) -> Child {
    Command::new(program)
        .args(args)
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"))
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what} did not come about");
        std::thread::sleep(Duration::from_millis(5));
    }
}
