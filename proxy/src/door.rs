//! The testers' door: a request that shows its key goes to the slot behind it, whatever the weight is. Any other key is
//! as none.

use crate::body::ToClient;
use crate::session::cookie;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE};
use hyper::{HeaderMap, Response, StatusCode, Uri};
use rollout::router::{DOOR_ENTER, DOOR_HEADER, DOOR_LEAVE, DOOR_MAX_AGE, Door, DoorKey};
use rollout::slot::Slot;
use std::sync::{Arc, PoisonError, RwLock};

const HEADER: HeaderName = HeaderName::from_static(DOOR_HEADER);

/// Open or not: read for every request, written twice a rollout.
#[derive(Debug, Default)]
pub struct Doorway(RwLock<Option<Arc<Door>>>);

impl Doorway {
    pub fn set(&self, door: Option<Door>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = door.map(Arc::new);
    }

    pub fn get(&self) -> Option<Arc<Door>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where this request goes through it, if it does. The header comes first: who shows both means it.
    pub fn leads(&self, headers: &HeaderMap, cookie_name: &str) -> Option<Slot> {
        let door = self.get()?;
        let shown = match headers.get(HEADER).map(HeaderValue::as_bytes) {
            Some(shown) if !shown.is_empty() => shown,
            _ => cookie(headers, cookie_name)?,
        };
        door.key.is(shown).then_some(door.slot)
    }

    /// The answer to who asks to come in or to leave; `None` for all other paths. Whoever comes with a wrong key is sent
    /// on without a cookie.
    pub fn answer(&self, uri: &Uri, cookie_name: &str) -> Option<Response<ToClient>> {
        let cookie = match uri.path() {
            DOOR_ENTER => {
                let asked = uri.query().and_then(key);
                let door = self.get().filter(|door| asked.is_some_and(|asked| door.key.is(asked.as_str().as_bytes())));
                door.map(|door| format!("{cookie_name}={}; Max-Age={DOOR_MAX_AGE}", door.key.as_str()))
            }
            DOOR_LEAVE => Some(format!("{cookie_name}=; Max-Age=0")),
            _ => return None,
        };
        let cookie =
            cookie.and_then(|cookie| HeaderValue::try_from(format!("{cookie}; Path=/; HttpOnly; SameSite=Lax")).ok());
        let mut response = Response::new(ToClient::Page(Full::default()));
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        headers.insert(LOCATION, HeaderValue::from_static("/"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if let Some(cookie) = cookie {
            headers.insert(SET_COOKIE, cookie);
        }
        Some(response)
    }
}

/// `key=..` of a query.
fn key(query: &str) -> Option<DoorKey> {
    query.split('&').find_map(|pair| pair.strip_prefix("key=")).and_then(DoorKey::parse)
}

/// What is ours stays here: a service gets no key by the header.
pub fn hide(headers: &mut HeaderMap) {
    headers.remove(HEADER);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> (Doorway, String) {
        let doorway = Doorway::default();
        let key = DoorKey::of([0xab; 32]);
        doorway.set(Some(Door { slot: Slot::Green, key: key.clone() }));
        (doorway, key.as_str().to_owned())
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn the_key_opens_and_nothing_else() {
        let (doorway, key) = open();
        let leads = |lines: &[(&'static str, &str)]| doorway.leads(&headers(lines), "crossfade_shop_door");
        let cookie = format!("a=b; crossfade_shop_door={key}");
        assert_eq!(leads(&[(DOOR_HEADER, &key)]), Some(Slot::Green));
        assert_eq!(leads(&[("cookie", &cookie)]), Some(Slot::Green));
        let upper = key.to_uppercase();
        for (header, value) in [
            (DOOR_HEADER, "none"),
            (DOOR_HEADER, ""),
            (DOOR_HEADER, &*upper),
            ("cookie", "crossfade_shop_door=1"),
            ("cookie", &*format!("crossfade_other_door={key}")),
        ] {
            assert_eq!(leads(&[(header, value)]), None, "{header}: {value}");
        }
        // A header that is wrong is not made right by a cookie.
        assert_eq!(leads(&[(DOOR_HEADER, "none"), ("cookie", &cookie)]), None);
        doorway.set(None);
        assert_eq!(leads(&[(DOOR_HEADER, &key)]), None);
    }

    #[test]
    fn a_browser_comes_in_and_leaves() {
        let (doorway, key) = open();
        let cookie = |path: &str| {
            let answer = doorway.answer(&path.parse().unwrap(), "crossfade_shop_door")?;
            assert_eq!(answer.status(), StatusCode::SEE_OTHER);
            assert_eq!(answer.headers()[LOCATION], "/");
            Some(answer.headers().get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned()))
        };
        let given = format!("crossfade_shop_door={key}; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(cookie(&format!("/.crossfade/door?key={key}")), Some(Some(given)));
        assert_eq!(cookie("/.crossfade/door?key=none"), Some(None));
        assert_eq!(cookie("/.crossfade/door"), Some(None));
        let taken = "crossfade_shop_door=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax".to_owned();
        assert_eq!(cookie("/.crossfade/leave"), Some(Some(taken)));
        assert_eq!(cookie("/"), None);
        doorway.set(None);
        assert_eq!(cookie_of(&doorway, &format!("/.crossfade/door?key={key}")), None);
    }

    fn cookie_of(doorway: &Doorway, path: &str) -> Option<String> {
        let answer = doorway.answer(&path.parse().unwrap(), "crossfade_shop_door").unwrap();
        answer.headers().get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned())
    }
}
