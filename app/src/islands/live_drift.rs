//! Routers that are not as they were left, as they go adrift and come back. The server draws all of it.

use leptos::prelude::*;

/// `path` is where its websocket is, `html` what the page begins with.
#[island]
pub fn LiveDrift(path: String, html: String) -> impl IntoView {
    let html = RwSignal::new(html);
    follow(path, html);
    view! { <div class="adrift" aria-live="polite" inner_html=move || html.get()></div> }
}

/// On the server there is nothing to follow: the page is whole as it is.
#[cfg(not(feature = "hydrate"))]
fn follow(_path: String, _html: RwSignal<String>) {}

#[cfg(feature = "hydrate")]
use browser::follow;

#[cfg(feature = "hydrate")]
mod browser {
    use crate::live::Message;
    use leptos::prelude::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{CloseEvent, MessageEvent, WebSocket};

    /// The socket of now, and what keeps its callbacks alive.
    type Current = Rc<RefCell<Option<(WebSocket, Closure<dyn FnMut(MessageEvent)>, Closure<dyn FnMut(CloseEvent)>)>>>;

    pub(super) fn follow(path: String, html: RwSignal<String>) {
        connect(Rc::from(path), html, &Current::default(), 0);
    }

    fn connect(path: Rc<str>, html: RwSignal<String>, current: &Current, lost: u32) {
        let location = window().location();
        let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
        let address = format!("{scheme}://{}{path}", location.host().unwrap_or_default());
        let Ok(socket) = WebSocket::new(&address) else { return };
        let heard = Rc::new(RefCell::new(lost));
        let message = {
            let heard = heard.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                *heard.borrow_mut() = 0;
                match serde_json::from_str(&event.data().as_string().unwrap_or_default()) {
                    // What is there already stays: somebody may be typing into it.
                    Ok(Message::Drift(drawn)) if html.get_untracked() != drawn => html.set(drawn),
                    Ok(Message::Drift(_)) => {}
                    _ => drop(window().location().reload()),
                }
            })
        };
        let close = {
            let current = current.clone();
            Closure::<dyn FnMut(CloseEvent)>::new(move |_| {
                let (path, current, lost) = (path.clone(), current.clone(), *heard.borrow() + 1);
                // One second, two, four, … half a minute.
                let wait = Duration::from_secs((1 << lost.min(5)).min(30));
                set_timeout(move || connect(path, html, &current, lost), wait);
            })
        };
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        *current.borrow_mut() = Some((socket, message, close));
    }
}
