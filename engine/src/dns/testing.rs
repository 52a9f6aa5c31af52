//! A name server on loopback that says what a test wants.

use hickory_net::proto::op::{Message, ResponseCode};
use hickory_net::proto::rr::rdata::{A, AAAA, CNAME, NS};
use hickory_net::proto::rr::{Name, RData, Record, RecordType};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

pub fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

/// `shop.com 60 A 192.0.2.1, www.shop.com 300 CNAME shop.com`.
pub fn records(text: &str) -> Vec<Record> {
    let lines = text.split(',').map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let [owner, ttl, kind, data] = line.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line}") };
            let data = match kind {
                "A" => RData::A(A(data.parse().unwrap())),
                "AAAA" => RData::AAAA(AAAA(data.parse().unwrap())),
                "CNAME" => RData::CNAME(CNAME(name(data))),
                "NS" => RData::NS(NS(name(data))),
                _ => panic!("{line}"),
            };
            Record::from_rdata(name(owner), ttl.parse().unwrap(), data)
        })
        .collect()
}

/// How it answers.
#[derive(Clone, Copy)]
pub enum Manner {
    Answers,
    /// Over UDP only that the answer is too long.
    Truncates,
    Silent,
    Says(ResponseCode),
}

/// What it knows in one of its two parts.
pub struct Part {
    pub manner: Manner,
    pub records: Vec<Record>,
}

/// `Answers` with these.
pub fn knows(text: &str) -> Part {
    Part { manner: Manner::Answers, records: records(text) }
}

pub fn part(manner: Manner) -> Part {
    Part { manner, records: Vec::new() }
}

/// One server in both parts: recursive to whoever wants recursion, and the owner of all names to the others.
pub struct FakeServer {
    recursive: Part,
    owner: Part,
    /// Whether the owner says that it is one.
    authoritative: bool,
}

impl FakeServer {
    pub async fn start(recursive: Part, owner: Part) -> SocketAddr {
        FakeServer { recursive, owner, authoritative: true }.run().await
    }

    /// Its answers as owner come from somebody's cache.
    pub async fn start_without_authority(recursive: Part, owner: Part) -> SocketAddr {
        FakeServer { recursive, owner, authoritative: false }.run().await
    }

    async fn run(self) -> SocketAddr {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            // The port is free over UDP, which does not say that it is over TCP.
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let server = Arc::new(self);
        tokio::spawn(server.clone().serve_udp(udp));
        tokio::spawn(server.serve_tcp(tcp));
        address
    }

    async fn serve_udp(self: Arc<Self>, socket: UdpSocket) {
        let mut buffer = [0; 4096];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            if let Some(answer) = self.answer(&buffer[..length], true) {
                socket.send_to(&answer, from).await.unwrap();
            }
        }
    }

    async fn serve_tcp(self: Arc<Self>, listener: TcpListener) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut request).await.unwrap();
            if let Some(answer) = self.answer(&request, false) {
                stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        }
    }

    fn answer(&self, request: &[u8], udp: bool) -> Option<Vec<u8>> {
        let request = Message::from_vec(request).unwrap();
        let part = if request.recursion_desired { &self.recursive } else { &self.owner };
        let mut answer = Message::response(request.id, request.op_code);
        answer.metadata.authoritative = !request.recursion_desired && self.authoritative;
        answer.metadata.recursion_desired = request.recursion_desired;
        let query = request.queries[0].clone();
        answer.add_query(query.clone());
        match part.manner {
            Manner::Silent => return None,
            Manner::Says(code) => answer.metadata.response_code = code,
            Manner::Truncates if udp => answer.metadata.truncation = true,
            Manner::Answers | Manner::Truncates => part.fill(&mut answer, query.name(), query.query_type()),
        }
        Some(answer.to_vec().unwrap())
    }
}

impl Part {
    /// Like a recursive server, it follows aliases.
    fn fill(&self, answer: &mut Message, asked: &Name, kind: RecordType) {
        let (mut at, mut left) = (asked.clone(), self.records.len());
        loop {
            let here = || self.records.iter().filter(|record| record.name == at);
            let alias = here().find_map(|record| match &record.data {
                RData::CNAME(target) => Some((record.clone(), target.0.clone())),
                _ => None,
            });
            answer.add_answers(here().filter(|record| record.record_type() == kind).cloned());
            let Some((record, target)) = alias.filter(|_| left > 0) else { break };
            answer.add_answers([record]);
            (at, left) = (target, left - 1);
        }
        let exists = self.records.iter().any(|record| record.name == at);
        if !exists {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
    }
}
