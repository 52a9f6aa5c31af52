//! Dynamic update: all sets of all names in one message, which the primary name server carries out as a whole or not at
//! all. It says what was there before, so that nothing that somebody else wrote meanwhile is written over.
//!
//! RFC 2136 for the message (2.4 for what must hold before, 2.5 for what is changed), RFC 8945 for its signature.

use super::error::DnsError;
use super::records::Held;
use super::servers::Server;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hickory_net::proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_net::proto::rr::rdata::tsig::{TsigAlgorithm, TsigError};
use hickory_net::proto::rr::rdata::{A, AAAA};
use hickory_net::proto::rr::{DNSClass, Name, RData, Record, RecordType, TSigner};
use rollout::router::{Algorithm, Update};
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How far the two clocks may be apart, in seconds. RFC 8945, section 10.
const FUDGE: u16 = 300;
/// How long the primary may take: it writes to its disk first.
const PATIENCE: Duration = Duration::from_secs(10);

/// How it went.
pub(super) enum Sent {
    Done,
    /// It may have been carried out, or not.
    Unclear(String),
}

/// The key as the settings give it, looked up anew at each use.
///
/// # Errors
/// When it is not there, or is not base64.
pub(super) fn signer(update: &Update) -> Result<TSigner, DnsError> {
    let key = |why: String| DnsError::Key(why);
    let secret = crate::secrets::resolve(&update.secret).map_err(|error| key(error.to_string()))?;
    let bytes = BASE64_STANDARD
        .decode(secret.trim())
        .map_err(|_| key("it is not base64, as `tsig-keygen` or `keymgr` print it".to_owned()))?;
    let name = Name::from_ascii(format!("{}.", update.key)).map_err(|error| key(error.to_string()))?;
    let algorithm = match update.algorithm {
        Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
        Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
    };
    TSigner::new(bytes, algorithm, name, FUDGE).map_err(|error| key(error.to_string()))
}

/// From what is there to what shall be. The same twice is a question: whether it would be done.
pub(super) fn message(zone: &Name, before: &Held, after: &Held) -> Message {
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Update;
    message.metadata.recursion_desired = false;
    let mut query = Query::query(zone.clone(), RecordType::SOA);
    query.set_query_class(DNSClass::IN);
    message.add_query(query);
    let of_class = |name: &Name, kind, class| {
        let mut record = Record::update0(name.clone(), 0, kind);
        record.dns_class = class;
        record
    };
    let mut last = None;
    for ((name, family), set) in &before.0 {
        // No alias may be there: addresses beside it would be against RFC 1034.
        if last != Some(name) {
            message.add_answer(of_class(name, RecordType::CNAME, DNSClass::NONE));
            last = Some(name);
        }
        match set.addresses.is_empty() {
            true => {
                message.add_answer(of_class(name, family.kind(), DNSClass::NONE));
            }
            false => {
                for ip in &set.addresses {
                    message.add_answer(Record::from_rdata(name.clone(), 0, data(ip)));
                }
            }
        }
    }
    let same = before == after;
    for ((name, family), set) in &after.0 {
        if !same && before.0.get(&(name.clone(), *family)) == Some(set) {
            continue;
        }
        if !same {
            message.add_authority(of_class(name, family.kind(), DNSClass::ANY));
        }
        for ip in &set.addresses {
            message.add_authority(Record::from_rdata(name.clone(), set.ttl, data(ip)));
        }
    }
    message
}

fn data(ip: &IpAddr) -> RData {
    match ip {
        IpAddr::V4(ip) => RData::A(A(*ip)),
        IpAddr::V6(ip) => RData::AAAA(AAAA(*ip)),
    }
}

/// Signs it and sends it over TCP: over UDP a lost answer would be asked for again, and the second one be refused.
///
/// # Errors
/// When it was surely not carried out.
pub(super) async fn send(server: &Server, signer: &TSigner, mut message: Message) -> Result<Sent, DnsError> {
    let not_sent = |why: String| DnsError::Server { server: server.to_string(), why };
    let bad = |error: hickory_net::proto::ProtoError| DnsError::Key(error.to_string());
    let now = u64::try_from(crate::clock::now().0 / 1_000).unwrap_or_default();
    message.finalize(signer, now).map_err(bad)?;
    let bytes = message.to_vec().map_err(bad)?;
    let mac = message.signature().map(|record| record.data.mac.clone()).unwrap_or_default();
    let length = u16::try_from(bytes.len()).map_err(|_| not_sent("cannot be told so much at once".to_owned()))?;

    let connected = tokio::time::timeout(PATIENCE, TcpStream::connect(server.address)).await;
    let mut stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(not_sent(format!("cannot be reached over TCP: {error}"))),
        Err(_) => return Err(not_sent(format!("does not answer over TCP within {} s", PATIENCE.as_secs()))),
    };
    let exchange = async {
        stream.write_all(&[&length.to_be_bytes()[..], &bytes].concat()).await?;
        let mut answer = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = match tokio::time::timeout(PATIENCE, exchange).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Ok(Sent::Unclear(format!("ended the connection: {error}"))),
        Err(_) => return Ok(Sent::Unclear(format!("did not answer within {} s", PATIENCE.as_secs()))),
    };
    judge(server, signer, message.id, &mac, &answer, now)
}

fn judge(server: &Server, signer: &TSigner, id: u16, mac: &[u8], bytes: &[u8], now: u64) -> Result<Sent, DnsError> {
    let refused = |why: String| DnsError::Refused { server: server.to_string(), why };
    let Ok(answer) = Message::from_vec(bytes) else {
        return Ok(Sent::Unclear("answered what is not DNS".to_owned()));
    };
    if answer.id != id || answer.message_type != MessageType::Response || answer.op_code != OpCode::Update {
        return Ok(Sent::Unclear("answered something that was not asked".to_owned()));
    }
    let said = format!("{:?}", answer.response_code).to_uppercase();
    let error = answer.signature().and_then(|record| record.data.error);
    match answer.response_code {
        ResponseCode::NoError => {}
        ResponseCode::NotAuth => {
            return Err(refused(match error {
                Some(TsigError::BadSig) => {
                    "NOTAUTH, BADSIG: the key is not the one that it has under this name; look at `secret`".to_owned()
                }
                Some(TsigError::BadKey) => {
                    "NOTAUTH, BADKEY: it does not know a key of this name and algorithm; look at `key` and `algorithm`"
                        .to_owned()
                }
                Some(TsigError::BadTime) => {
                    "NOTAUTH, BADTIME: its clock and this one are more than 5 minutes apart; set them right".to_owned()
                }
                Some(other) => format!("NOTAUTH, with error {} of its signature", u16::from(other)),
                None => {
                    "NOTAUTH: it is not the primary name server of this zone; look at `server` and `zone`".to_owned()
                }
            }));
        }
        ResponseCode::NotZone => return Err(refused("NOTZONE: a name is not in `zone`".to_owned())),
        ResponseCode::YXDomain | ResponseCode::YXRRSet | ResponseCode::NXRRSet | ResponseCode::NXDomain => {
            return Err(DnsError::ChangedMeanwhile);
        }
        ResponseCode::Refused => {
            return Err(refused(
                "REFUSED: the key may not change these records, or its zone takes no updates (`allow-update`, \
                 `update-policy`, `acl`)"
                    .to_owned(),
            ));
        }
        // Servers say so of all kinds of trouble of their own: most of them before, some after the change.
        ResponseCode::ServFail => return Ok(Sent::Unclear("answered SERVFAIL; its log says why".to_owned())),
        ResponseCode::NotImp => return Err(refused("NOTIMP: it knows nothing of dynamic updates".to_owned())),
        _ => return Err(refused(said)),
    }
    match signer.verify_message_byte(bytes, Some(mac), true) {
        Ok((_, _, range)) if range.contains(&now) || range.end == now => Ok(Sent::Done),
        Ok(_) => Ok(Sent::Unclear("signed its answer at another time: its clock is wrong".to_owned())),
        Err(_) => Ok(Sent::Unclear("said yes without the right signature: somebody else may have answered".to_owned())),
    }
}
