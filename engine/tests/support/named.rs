//! A private primary name server (BIND or Knot), and secondaries of it (BIND), in a folder of their own: started and stopped by the
//! test that made them.

use super::free_port;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const ZONE: &str = "shop.test";
/// The key that may change addresses, and one that may not. In base64.
pub const SECRET: &str = "Y3Jvc3NmYWRlLWNyb3NzZmFkZS1jcm9zc2ZhZGUhISE=";
pub const OTHER: &str = "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItISE=";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Bind,
    Knot,
}

pub struct NameServer {
    child: Option<Child>,
    program: Program,
    pub port: u16,
    folder: TempDir,
}

impl NameServer {
    /// Owns the zone `shop.test`, with these records in it, and tells its secondaries of changes.
    pub fn primary(program: Program, records: &str, secondaries: &[u16]) -> NameServer {
        let mut server = NameServer::new(program);
        let zone = format!(
            "$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 2\n@ NS ns1\n@ NS ns2\n\
             ns1 A 127.0.0.1\nns2 A 127.0.0.1\n{records}\n"
        );
        fs::write(server.file("zone"), zone).unwrap();
        let config = match program {
            Program::Bind => server.bind_primary(secondaries),
            Program::Knot => server.knot_primary(secondaries),
        };
        fs::write(server.file("conf"), config).unwrap();
        server.run();
        server
    }

    /// Follows a primary on that port.
    pub fn secondary(of: u16) -> NameServer {
        let mut server = NameServer::new(Program::Bind);
        server.configure_secondary(of);
        server.run();
        server
    }

    /// A port that somebody may take once its number was told elsewhere.
    pub fn secondary_at(port: u16, of: u16) -> NameServer {
        let mut server = NameServer::new(Program::Bind);
        server.port = port;
        server.configure_secondary(of);
        server.run();
        server
    }

    fn new(program: Program) -> NameServer {
        NameServer { child: None, program, port: free_port(), folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self) -> String {
        let (at, port) = (self.folder.path().display(), self.port);
        format!(
            "options {{ directory \"{at}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; \
             pid-file \"{at}/pid\"; session-keyfile \"{at}/session.key\"; recursion no; dnssec-validation no; \
             allow-transfer {{ any; }}; managed-keys-directory \"{at}\"; notify-delay 0; }};\ncontrols {{ }};\n"
        )
    }

    fn bind_primary(&self, secondaries: &[u16]) -> String {
        let also: String = secondaries.iter().fold(String::new(), |mut text, port| {
            write!(text, "127.0.0.1 port {port}; ").unwrap();
            text
        });
        format!(
            "{}key \"crossfade\" {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n\
             key \"longer\" {{ algorithm hmac-sha512; secret \"{SECRET}\"; }};\n\
             key \"other\" {{ algorithm hmac-sha256; secret \"{OTHER}\"; }};\n\
             zone \"{ZONE}\" {{ type primary; file \"{}\"; notify explicit; also-notify {{ {also} }}; \
             update-policy {{ grant crossfade zonesub A AAAA CNAME; grant longer zonesub A AAAA; }}; }};\n",
            self.options(),
            self.file("zone").display()
        )
    }

    fn configure_secondary(&self, of: u16) {
        let config = format!(
            "{}zone \"{ZONE}\" {{ type secondary; file \"{}\"; primaries {{ 127.0.0.1 port {of}; }}; \
             allow-notify {{ any; }}; min-refresh-time 1; max-refresh-time 5; min-retry-time 1; max-retry-time 1; }};\n",
            self.options(),
            self.file("copy").display()
        );
        fs::write(self.file("conf"), config).unwrap();
    }

    fn knot_primary(&self, secondaries: &[u16]) -> String {
        let (at, port) = (self.folder.path().display(), self.port);
        let mut config = format!(
            "server:\n  listen: 127.0.0.1@{port}\n  rundir: {at}\n  pidfile: {at}/pid\n  background-workers: 1\n  \
             udp-workers: 1\n  tcp-workers: 1\ncontrol:\n  listen: {at}/knot.sock\ndatabase:\n  storage: {at}\n\
             key:\n  - id: crossfade\n    algorithm: hmac-sha256\n    secret: {SECRET}\n  - id: longer\n    algorithm: hmac-sha512\n    \
             secret: {SECRET}\n  - id: other\n    algorithm: hmac-sha256\n    secret: {OTHER}\n\
             acl:\n  - id: change\n    key: [crossfade, longer]\n    action: update\n  - id: copy\n    address: 127.0.0.1\n    \
             action: transfer\n"
        );
        for secondary in secondaries {
            write!(config, "remote:\n  - id: s{secondary}\n    address: 127.0.0.1@{secondary}\n").unwrap();
        }
        let notify: Vec<String> = secondaries.iter().map(|port| format!("s{port}")).collect();
        let notify = if notify.is_empty() { String::new() } else { format!("    notify: [{}]\n", notify.join(", ")) };
        write!(
            config,
            "zone:\n  - domain: {ZONE}\n    storage: {at}\n    file: {at}/zone\n    acl: [change, copy]\n    \
             zonefile-sync: -1\n    zonefile-load: difference\n    journal-content: all\n{notify}"
        )
        .unwrap();
        config
    }

    /// Starts it, again or for the first time, and waits until it answers for the zone.
    pub fn run(&mut self) {
        let config = self.file("conf");
        let (program, args): (&str, &[&str]) = match self.program {
            Program::Bind => ("named", &["-f", "-n", "1", "-c"]),
            Program::Knot => ("knotd", &["-c"]),
        };
        let said = fs::File::create(self.file("said")).unwrap();
        let child = Command::new(program)
            .args(args)
            .arg(&config)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
        self.child = Some(child);
        let begun = Instant::now();
        while !owns(self.port, ZONE) {
            let said = || fs::read_to_string(self.file("said")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(30), "{program} does not answer: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it, without a word.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn at(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// By hand: lines of nsupdate, like `update add www.shop.test 60 A 192.0.2.9`.
    pub fn by_hand(&self, lines: &str) {
        let mut child = Command::new("nsupdate")
            .args(["-y", &format!("hmac-sha256:crossfade:{SECRET}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nsupdate is needed for this test");
        let text = format!("server 127.0.0.1 {}\nzone {ZONE}\n{lines}\nsend\n", self.port);
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{lines}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
            let _ = child.wait();
        }
    }
}

/// A caching resolver that asks only this owner of the zone.
pub struct Resolver {
    child: Child,
    pub port: u16,
    _folder: TempDir,
}

impl Resolver {
    pub fn start(owner: u16) -> Resolver {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let at = folder.path().display();
        let config = format!(
            "server:\n directory: {at}\n chroot: \"\"\n username: \"\"\n pidfile: \"\"\n use-syslog: no\n \
             logfile: {at}/log\n num-threads: 1\n interface: 127.0.0.1\n port: {port}\n module-config: iterator\n \
             do-not-query-localhost: no\n do-ip6: no\n local-zone: \"test.\" nodefault\n\
             remote-control:\n control-enable: no\n\
             stub-zone:\n name: {ZONE}.\n stub-addr: 127.0.0.1@{owner}\n"
        );
        fs::write(folder.path().join("conf"), config).unwrap();
        let child = spawn("unbound", &["-d", "-c"], &folder.path().join("conf"));
        let resolver = Resolver { child, port, _folder: folder };
        let begun = Instant::now();
        while !owns(port, ZONE) {
            assert!(begun.elapsed() < Duration::from_secs(30), "Unbound does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        resolver
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &str, args: &[&str], config: &Path) -> Child {
    Command::new(program)
        .args(args)
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"))
}

/// Whether the name server says, without an error, where the zone begins.
fn owns(port: u16, zone: &str) -> bool {
    // One question, with recursion wanted: the SOA record of the zone. RFC 1035, section 4.
    let mut question = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in zone.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, 6, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut answer = [0; 512];
    let asked = socket.send_to(&question, (Ipv4Addr::LOCALHOST, port)).and_then(|_| socket.recv(&mut answer));
    asked.is_ok_and(|length| length > 12 && answer[3] & 15 == 0 && answer[7] > 0)
}
