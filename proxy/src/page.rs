//! What the proxy answers by itself. Nothing in it tells what is behind.

use crate::body::ToClient;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

/// Why a service did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The request has no usable host, or a body that is none.
    BadRequest,
    /// `CONNECT` and `TRACE` are for other proxies.
    MethodNotAllowed,
    /// The client let its own body wait.
    RequestTimeout,
    /// Nobody serves this host.
    Misdirected,
    /// Nothing is served yet.
    NothingServed,
    /// The service cannot be reached, or broke off.
    BadGateway,
    /// The service takes too long.
    GatewayTimeout,
}

impl Page {
    pub fn status(self) -> StatusCode {
        match self {
            Page::BadRequest => StatusCode::BAD_REQUEST,
            Page::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Page::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Page::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Page::NothingServed => StatusCode::SERVICE_UNAVAILABLE,
            Page::BadGateway => StatusCode::BAD_GATEWAY,
            Page::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Page::BadRequest => "400 Bad Request\n\nThis request cannot be understood.\n",
            Page::MethodNotAllowed => "405 Method Not Allowed\n\nThis method is not answered here.\n",
            Page::RequestTimeout => "408 Request Timeout\n\nThe request stopped half-way. Please send it again.\n",
            Page::Misdirected => "421 Misdirected Request\n\nThere is no site of this name here.\n",
            Page::NothingServed => {
                "503 Service Unavailable\n\nThis server has not been told yet what to serve. Please try again in a \
                 moment.\n"
            }
            Page::BadGateway => {
                "502 Bad Gateway\n\nThe service behind this address does not answer. Please try again in a moment.\n"
            }
            Page::GatewayTimeout => {
                "504 Gateway Timeout\n\nThe service behind this address takes too long to answer. Please try again in \
                 a moment.\n"
            }
        }
    }

    pub fn response(self) -> Response<ToClient> {
        let mut response = Response::new(ToClient::Page(Full::new(Bytes::from_static(self.text().as_bytes()))));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self == Page::NothingServed {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
