//! Name servers that say one thing and do another. They are made up; what they say is real DNS.

use crate::support::free_port;
use crate::support::named::SECRET;
use crate::{Stage, green, routes};
use engine::router::{Router, RouterError};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType, TSigResponseContext, TSigner};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

/// How it answers an update, and what it answers to questions.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Signs its yes, and does nothing.
    SaysYes,
    /// Says yes without a signature, and does nothing.
    Unsigned,
    Says(ResponseCode),
    /// The connection ends without an answer.
    HangsUp,
    /// Not DNS at all.
    Babbles,
    /// Its clock is wrong, or it says that ours is.
    BadTime,
    /// Answers questions so, and updates not at all.
    Answers(ResponseCode),
    /// Its answers are always too long, over TCP as well.
    Truncates,
    /// Not with authority.
    Hearsay,
    /// The name is another one's.
    Alias,
}

async fn start(manner: Manner) -> String {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let (udp, tcp) = (UdpSocket::bind(address).await.unwrap(), TcpListener::bind(address).await.unwrap());
    let udp = Arc::new(udp);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, from) = udp.recv_from(&mut buffer).await.unwrap();
            if let Some(answer) = answer(manner, &buffer[..length]) {
                udp.send_to(&answer, from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let Ok(length) = stream.read_u16().await else { continue };
            let mut request = vec![0; length.into()];
            if stream.read_exact(&mut request).await.is_ok()
                && let Some(answer) = answer(manner, &request)
            {
                let _ = stream.write_u16(answer.len().try_into().unwrap()).await;
                let _ = stream.write_all(&answer).await;
            }
        }
    });
    address.to_string()
}

fn answer(manner: Manner, request: &[u8]) -> Option<Vec<u8>> {
    let asked = Message::from_vec(request).unwrap();
    let mut answer = Message::response(asked.id, asked.op_code);
    answer.metadata.message_type = MessageType::Response;
    answer.add_query(asked.queries[0].clone());
    if asked.op_code != OpCode::Update {
        return questioned(manner, &asked, answer);
    }
    let mac = asked.signature().unwrap().data.mac.clone();
    let now = asked.signature().unwrap().data.time;
    let signer = TSigner::new(
        base64::Engine::decode(&base64::prelude::BASE64_STANDARD, SECRET).unwrap(),
        TsigAlgorithm::HmacSha256,
        Name::from_ascii("crossfade.").unwrap(),
        300,
    )
    .unwrap();
    let sign = |answer: &mut Message, now, error| {
        let bytes = answer.to_vec().unwrap();
        let context = TSigResponseContext::new(asked.id, now, signer.clone(), mac.clone(), error);
        answer.set_signature(context.sign(&bytes).unwrap());
    };
    match manner {
        Manner::SaysYes => sign(&mut answer, now, None),
        Manner::Unsigned => {}
        Manner::Says(code) => answer.metadata.response_code = code,
        Manner::BadTime => {
            answer.metadata.response_code = ResponseCode::NotAuth;
            sign(&mut answer, now + 10_000, Some(hickory_proto::rr::rdata::tsig::TsigError::BadTime));
        }
        Manner::Babbles => return Some(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        _ => return None,
    }
    Some(answer.to_vec().unwrap())
}

fn questioned(manner: Manner, asked: &Message, mut answer: Message) -> Option<Vec<u8>> {
    let query = asked.queries[0].clone();
    answer.metadata.authoritative = !matches!(manner, Manner::Hearsay);
    let mut add = |data| {
        answer.add_answer(Record::from_rdata(query.name().clone(), 2, data));
    };
    match (manner, query.query_type()) {
        (Manner::Alias, _) => add(RData::CNAME(CNAME(Name::from_ascii("lb.net.").unwrap()))),
        (_, RecordType::A) => {
            add(RData::A(A("192.0.2.1".parse().unwrap())));
            add(RData::A(A("192.0.2.3".parse().unwrap())));
        }
        (_, RecordType::AAAA) => {
            add(RData::AAAA(AAAA("2001:db8::1".parse().unwrap())));
            add(RData::AAAA(AAAA("2001:db8::3".parse().unwrap())));
        }
        _ => {}
    }
    match manner {
        Manner::Answers(code) => {
            answer.answers.clear();
            answer.metadata.response_code = code;
        }
        Manner::Truncates => {
            answer.answers.clear();
            answer.metadata.truncation = true;
        }
        _ => {}
    }
    Some(answer.to_vec().unwrap())
}

/// Whatever it says, nothing is taken for done that is not, and the weight is said where it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_server_that_lies_is_not_believed() {
    let at_zero = "The records lead to green 0 %, blue 100 %";
    let unknown = "Where the records lead is not known";
    let cases = [
        (Manner::SaysYes, "said that it made the change, but answers shop.test A 192.0.2.1, 192.0.2.3", at_zero),
        (Manner::Unsigned, "said yes without the right signature", at_zero),
        (Manner::Says(ResponseCode::ServFail), "it answered SERVFAIL", at_zero),
        (Manner::Says(ResponseCode::Refused), "REFUSED: the key may not change these records", at_zero),
        (Manner::Says(ResponseCode::NotAuth), "NOTAUTH: it is not the primary name server of this zone", at_zero),
        (Manner::Says(ResponseCode::NotZone), "NOTZONE", at_zero),
        (Manner::Says(ResponseCode::NotImp), "NOTIMP: it knows nothing of dynamic updates", at_zero),
        (Manner::Says(ResponseCode::FormErr), "FORMERR", at_zero),
        (Manner::Says(ResponseCode::NXRRSet), "somebody else changed the records while they were read", at_zero),
        (Manner::BadTime, "BADTIME: its clock and this one are more than 5 minutes apart", at_zero),
        (Manner::HangsUp, "it ended the connection", at_zero),
        (Manner::Babbles, "it answered what is not DNS", at_zero),
        (Manner::Answers(ResponseCode::ServFail), "answers SERVFAIL", unknown),
        (Manner::Answers(ResponseCode::Refused), "answers REFUSED", unknown),
        (Manner::Answers(ResponseCode::NXDomain), "has no address", unknown),
        (Manner::Truncates, "answers an answer that was cut off", unknown),
        (Manner::Hearsay, "does not answer with authority for", unknown),
        (Manner::Alias, "is an alias (CNAME) of lb.net", unknown),
    ];
    let each = cases.map(|(manner, expected, now)| async move {
        let server = start(manner).await;
        let stage = Stage::at(&server, &[]);
        let router = stage.router();
        let error = router.set(green(50)).await.unwrap_err();
        println!("{manner:?}: {error}\n");
        assert!(matches!(error, RouterError::NotSet { .. }), "{error}");
        let said = error.to_string();
        assert!(said.starts_with("the split was not changed to green 50 %, blue 50 %: "), "{said}");
        assert!(said.contains(expected), "{manner:?}: {said}\nlacks {expected}");
        assert!(said.contains(now), "{manner:?}: {said}\nlacks {now}");
        assert!(!router.drift(&routes(), green(50)).await.unwrap().is_empty());
    });
    futures::future::join_all(each).await;
}
