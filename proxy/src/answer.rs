//! From a request to its answer.

use crate::body::{ToClient, ToService};
use crate::drain::{Drain, Place};
use crate::forward::{Answered, forward};
use crate::log::{Log, Record};
use crate::page::Page;
use crate::pulse::{Beat, Pulse};
use crate::session::Session;
use crate::settings::Limits;
use crate::table::{Table, Target};
use crate::upgrade::{self, Upgraded};
use crate::{door, headers, host};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, SET_COOKIE, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use rollout::slot::{Slot, Split};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// Which slot answered, on every answer of an application; without an answer, which was asked first.
const SLOT: HeaderName = HeaderName::from_static("x-crossfade-slot");

/// What all connections of a process share.
#[derive(Debug)]
pub struct Shared {
    table: RwLock<Arc<Table>>,
    pub limits: Limits,
    pub drain: Drain,
    pub log: Arc<Log>,
}

impl Shared {
    pub fn new(limits: Limits, log: Log) -> Shared {
        Shared { table: RwLock::default(), drain: Drain::new(limits.connections), limits, log: Arc::new(log) }
    }

    pub fn table(&self) -> Arc<Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn serve(&self, table: Table) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }
}

/// Who asks.
#[derive(Debug)]
pub struct Client {
    pub shared: Arc<Shared>,
    pub address: IpAddr,
    /// Inside TLS.
    pub secure: bool,
    pub pulse: Arc<Pulse>,
    pub place: Arc<Place>,
}

pub async fn answer(client: Arc<Client>, request: Request<Incoming>) -> Response<ToClient> {
    let version = request.version();
    let mut response = client.answer(request).await;
    // Each answer on the way out is its connection's last; HTTP/2 says so by itself.
    if client.shared.drain.leaving()
        && version < Version::HTTP_2
        && response.status() != StatusCode::SWITCHING_PROTOCOLS
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl Client {
    async fn answer(&self, request: Request<Incoming>) -> Response<ToClient> {
        let beat = self.pulse.begin();
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Page::MethodNotAllowed.response();
        }
        let Ok(host) = host::of(&request) else {
            return Page::BadRequest.response();
        };
        let table = self.shared.table();
        let Some(target) = table.find(&host.name).cloned() else {
            return if table.is_empty() { Page::NothingServed } else { Page::Misdirected }.response();
        };
        drop(table);
        let (sticky, live, door_cookie) = (&target.routed.sticky, &target.routed.live, &target.routed.door_cookie);
        if let Some(response) = live.door.answer(request.uri(), door_cookie) {
            return response;
        }
        let session = sticky.session(request.headers(), self.address, &target.service.deck);
        let door = live.door.leads(request.headers(), door_cookie);
        // Through the door there is one slot alone: what fails there must be seen.
        let split = door.map_or_else(|| live.split(), Split::all);
        let slot = split.slot_of(session.number);
        let mut record = Record::new(self.shared.log.clone(), target.clone(), slot, request.method());
        if door.is_some() {
            record.through_the_door();
        }
        let (request, wanted) = self.to_service(request, &host);
        let limits = &self.shared.limits;
        match forward(limits, &target, split, slot, request, &mut record).await {
            Ok(answered) => self.to_client(&target, answered, session, wanted, record, beat),
            Err(page) => {
                let mut response = page.response();
                mark(response.headers_mut(), slot, session);
                record.answered(response.status(), response.headers());
                response
            }
        }
    }

    /// The request as a service gets it, and the client's side of the upgrade that it wants.
    fn to_service(&self, mut request: Request<Incoming>, host: &host::Host) -> (Request<ToService>, Option<OnUpgrade>) {
        let wanted = headers::wanted_upgrade(request.version(), request.headers());
        let on_upgrade = wanted.is_some().then(|| hyper::upgrade::on(&mut request));
        let (head, body) = request.into_parts();
        let mut request = Request::new(ToService::new(body, self.shared.limits.body));
        *request.method_mut() = head.method;
        *request.uri_mut() = target_of(&head.uri);
        *request.headers_mut() = head.headers;
        headers::to_service(request.headers_mut(), host, self.address, self.secure, wanted.as_ref());
        door::hide(request.headers_mut());
        (request, on_upgrade)
    }

    fn to_client(
        &self,
        target: &Target,
        answered: Answered,
        session: Session,
        wanted: Option<OnUpgrade>,
        mut record: Record,
        beat: Beat,
    ) -> Response<ToClient> {
        let Answered { mut response, slot } = answered;
        let limits = &self.shared.limits;
        let upgraded =
            (response.status() == StatusCode::SWITCHING_PROTOCOLS).then(|| hyper::upgrade::on(&mut response));
        let (head, body) = response.into_parts();
        let protocol = head.headers.get(UPGRADE).cloned();
        let mut headers = head.headers;
        headers::to_client(&mut headers);
        mark(&mut headers, slot, session);
        let body = match (upgraded, wanted) {
            (None, _) => {
                record.answered(head.status, &headers);
                ToClient::service(body, limits.body, record, beat)
            }
            (Some(service), Some(client)) => {
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                protocol.map(|protocol| headers.insert(UPGRADE, protocol));
                record.answered(head.status, &headers);
                let from = Upgraded { client, beat, place: self.place.clone() };
                upgrade::tunnel(from, service, limits.tunnel, record);
                ToClient::Page(http_body_util::Full::default())
            }
            // Nobody asked for it.
            (Some(_), None) => {
                let name = &target.service.upstream(slot).name;
                tracing::warn!("{name} answered 101 Switching Protocols to a request that did not ask for it");
                record.attempted(502);
                let response = Page::BadGateway.response();
                record.answered(response.status(), response.headers());
                return response;
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = headers;
        response
    }
}

/// What a client is told beside the answer.
fn mark(headers: &mut HeaderMap, slot: Slot, session: Session) {
    headers.insert(SLOT, HeaderValue::from_static(slot.as_str()));
    if let Some(cookie) = session.cookie {
        headers.append(SET_COOKIE, cookie);
    }
}

/// Path and query, as they came: a service is asked in origin form.
fn target_of(uri: &Uri) -> Uri {
    match uri.path_and_query() {
        Some(path) => Uri::from(path.clone()),
        None => Uri::from_static("/"),
    }
}
