//! The websocket of an island: from what the browser has onwards, so that nothing is missed and nothing comes twice.
//! It mends itself, later and later, up to half a minute.

use super::live_rollout::Live;

/// How the connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    #[default]
    Starting,
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "a server has no connection to open"))]
    Open,
    /// Lost so many times in a row.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "a server has no connection to lose"))]
    Lost { times: u32 },
}

/// On the server there is nothing to follow: the page is whole as it is.
#[cfg(not(feature = "hydrate"))]
pub(super) fn follow(_live: Live) {}

#[cfg(feature = "hydrate")]
pub(super) use browser::follow;

#[cfg(feature = "hydrate")]
mod browser {
    use super::{Link, Live};
    use crate::live::{self, BEAT_SECONDS, Line, Message};
    use leptos::prelude::*;
    use rollout::clock::{Millis, Timestamp};
    use rollout::event::Entry;
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::time::Duration;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{CloseEvent, MessageEvent, WebSocket};

    /// Lines kept in a browser; the server has all of them.
    const MOST_LINES: usize = 5_000;

    impl Live {
        fn receive(self, message: Message) {
            match message {
                Message::News { now, entries, lines } => {
                    self.now.set(now);
                    self.add_lines(lines);
                    self.add_entries(entries);
                }
                Message::Beat { now, router } => {
                    self.now.set(now);
                    if self.router.get_untracked() != router {
                        self.router.set(router);
                    }
                }
                Message::Numbers(numbers) => {
                    let open = unfolded();
                    self.numbers.set(numbers);
                    // Once it is drawn, what somebody had unfolded is unfolded again.
                    request_animation_frame(move || unfold(&open));
                }
                // What is there already stays: somebody may be typing into it.
                Message::Drift(drawn) if self.drift.get_untracked() != drawn => self.drift.set(drawn),
                Message::Drift(_) => {}
                Message::Left(left) => self.left.set(left),
                Message::Door(door) => self.door.set(door),
                Message::SignedOut => reload(),
            }
        }

        fn add_lines(self, lines: Vec<Line>) {
            if lines.is_empty() {
                return;
            }
            self.lines.update(|all| {
                all.extend(lines);
                let over = all.len().saturating_sub(MOST_LINES);
                all.drain(..over);
            });
        }

        fn add_entries(self, entries: Vec<Entry>) {
            if entries.is_empty() {
                return;
            }
            let mut rollout = self.rollout.get_untracked();
            if entries.iter().try_for_each(|entry| rollout.apply(entry)).is_err() {
                // Something was missed that should not have been: the server's page is whole.
                return reload();
            }
            // A shift is written down once the router has confirmed it: that is newer than what the last beat said.
            let split = rollout.split();
            if split != self.rollout.with_untracked(rollout::Rollout::split) {
                self.router.set(live::Router::Says(split));
            }
            self.entries.update(|all| all.extend(entries));
            self.rollout.set(rollout);
        }

        /// What the browser has: the last entry and the last line.
        fn position(self) -> (u64, i64) {
            let seq = self.rollout.with_untracked(|rollout| rollout.seq);
            let line = self.lines.with_untracked(|lines| lines.last().map_or(0, |line| line.id));
            (seq, line)
        }
    }

    /// The socket of now, and what keeps its callbacks alive.
    struct Socket {
        socket: WebSocket,
        _message: Closure<dyn FnMut(MessageEvent)>,
        _close: Closure<dyn FnMut(CloseEvent)>,
    }

    type Current = Rc<RefCell<Option<Socket>>>;

    pub(in crate::islands) fn follow(live: Live) {
        let current: Current = Rc::default();
        let heard = Rc::new(Cell::new(clock()));
        connect(live, &current, &heard);
        let offset = Rc::new(Cell::new(live.now.get_untracked().0 - clock()));
        Effect::new({
            // Every message carries the server's time: the second hand below goes on from there.
            let offset = offset.clone();
            move |_| {
                live.rollout.track();
                live.router.track();
                offset.set(live.now.get_untracked().0 - clock());
            }
        });
        let tick = {
            let (current, heard) = (current.clone(), heard.clone());
            move || {
                live.now.set(Timestamp(clock() + offset.get()));
                let silent = clock() - heard.get();
                // A socket can be dead without a word: three beats missed are enough.
                if silent > i64::from(BEAT_SECONDS) * 3_000
                    && live.link.get_untracked() == Link::Open
                    && let Some(socket) = current.borrow().as_ref()
                {
                    let _ = socket.socket.close();
                    live.link.set(Link::Lost { times: 1 });
                }
            }
        };
        // The island lives as long as its page: nothing ends the clock before.
        let _ = set_interval_with_handle(tick, Duration::from_secs(1));
    }

    fn connect(live: Live, current: &Current, heard: &Rc<Cell<i64>>) {
        let location = window().location();
        let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
        let (seq, line) = live.position();
        let address = format!("{scheme}://{}{}", location.host().unwrap_or_default(), live::path(live.id, seq, line));
        let Ok(socket) = WebSocket::new(&address) else { return again(live, current, heard) };
        let message = {
            let heard = heard.clone();
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                heard.set(clock());
                let text = event.data().as_string().unwrap_or_default();
                match serde_json::from_str::<Message>(&text) {
                    Ok(message) => {
                        if live.link.get_untracked() != Link::Open {
                            live.link.set(Link::Open);
                        }
                        live.receive(message);
                    }
                    // The server speaks a newer language: so does its page.
                    Err(_) => reload(),
                }
            })
        };
        let close = {
            let (current, heard) = (current.clone(), heard.clone());
            Closure::<dyn FnMut(CloseEvent)>::new(move |_| again(live, &current, &heard))
        };
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        *current.borrow_mut() = Some(Socket { socket, _message: message, _close: close });
    }

    /// Half a second, one, two, … half a minute; and not all browsers at once.
    fn again(live: Live, current: &Current, heard: &Rc<Cell<i64>>) {
        let times = match live.link.get_untracked() {
            Link::Lost { times } => times.saturating_add(1),
            Link::Starting | Link::Open => 1,
        };
        live.link.set(Link::Lost { times });
        let longest = Millis(500 << times.min(6)).min(Millis::seconds(30));
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "30,000 at most"
        )]
        let wait = (longest.0 as f64 * (0.5 + js_sys::Math::random() / 2.0)) as u64;
        let (current, heard) = (current.clone(), heard.clone());
        set_timeout(move || connect(live, &current, &heard), Duration::from_millis(wait));
    }

    /// What is unfolded among the numbers, by id.
    fn unfolded() -> Vec<String> {
        let found = document().query_selector_all(".board details[open][id]");
        let Ok(found) = found else { return vec![] };
        let element = |index| found.item(index).and_then(|node| node.dyn_into::<web_sys::Element>().ok());
        (0..found.length()).filter_map(element).map(|element| element.id()).collect()
    }

    fn unfold(ids: &[String]) {
        for id in ids {
            if let Some(element) = document().get_element_by_id(id) {
                let _ = element.set_attribute("open", "");
            }
        }
    }

    fn reload() {
        let _ = window().location().reload();
    }

    /// The browser's clock, in milliseconds.
    #[allow(clippy::cast_possible_truncation, reason = "a whole number far below 2^53")]
    fn clock() -> i64 {
        js_sys::Date::now() as i64
    }
}
