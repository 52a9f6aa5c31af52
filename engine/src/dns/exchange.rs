//! One question to one name server: over UDP, and over TCP when the answer is too long for it.

use hickory_net::NetError;
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_net::proto::rr::{Name, Record, RecordType};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::tcp::TcpClientStream;
use hickory_net::udp::UdpClientStream;
use hickory_net::xfer::{DnsHandle, FirstAnswer};
use std::net::SocketAddr;
use std::time::Duration;

/// How long one name server may think about one question. Over UDP it is asked up to three times meanwhile.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Whether the name server is to look further when it does not know itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recursion {
    Wanted,
    NotWanted,
}

/// What a name server answered.
pub(crate) struct Answer {
    /// False when it says that there is no such name (NXDOMAIN).
    pub name_exists: bool,
    /// It answers for its own zone, not from a cache.
    pub authoritative: bool,
    pub records: Vec<Record>,
}

/// Asks, and waits at most for [`PATIENCE`], or twice that when it takes TCP.
///
/// # Errors
/// When there is no answer, or one that says neither yes nor no; like "does not answer within 1.5 s".
pub(crate) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    recursion: Recursion,
) -> Result<Answer, String> {
    // Without EDNS: every name server understands that, and what does not fit comes over TCP.
    let mut options = DnsRequestOptions::default();
    options.use_edns = false;
    options.recursion_desired = recursion == Recursion::Wanted;
    let request = DnsRequest::from_query(Query::query(name.clone(), kind), options);

    let provider = TokioRuntimeProvider::default();
    let udp = UdpClientStream::builder(server, provider.clone()).with_timeout(Some(PATIENCE)).exchange();
    let mut answer = udp.send(request.clone()).first_answer().await.map_err(|error| sentence(&error))?;
    if answer.truncation {
        let long = |error| format!("has an answer too long for UDP, and over TCP it {}", sentence(&error));
        let tcp = TcpClientStream::exchange(server, None, PATIENCE, None, provider).await.map_err(long)?;
        answer = tcp.send(request).first_answer().await.map_err(long)?;
        if answer.truncation {
            return Err("answers an answer that was cut off, over TCP as well".to_owned());
        }
    }
    read(answer)
}

fn read(answer: DnsResponse) -> Result<Answer, String> {
    let name_exists = match answer.response_code {
        ResponseCode::NoError => true,
        ResponseCode::NXDomain => false,
        // As dig and the RFCs write it: SERVFAIL, REFUSED.
        other => return Err(format!("answers {}", format!("{other:?}").to_uppercase())),
    };
    let authoritative = answer.authoritative;
    Ok(Answer { name_exists, authoritative, records: answer.into_message().answers })
}

fn sentence(error: &NetError) -> String {
    match error {
        NetError::Timeout => format!("does not answer within {} s", PATIENCE.as_secs_f32()),
        NetError::Io(error) => format!("cannot be reached: {error}"),
        other => format!("answers what is not DNS: {other}"),
    }
}
