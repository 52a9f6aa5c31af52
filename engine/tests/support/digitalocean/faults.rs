//! What can be made to go wrong.

/// How an answer goes wrong.
#[derive(Clone, Debug)]
pub enum Wrong {
    /// This status, with the API's body around this message.
    Status(u16, &'static str),
    /// 429 of the minute's limit: try again after this many seconds.
    Burst(u64),
    /// A page of a proxy in between.
    Page(u16),
    /// The connection ends in the middle of the answer.
    Cut,
    /// No answer comes.
    Hangs,
    /// An answer of another shape.
    Garbled,
}

#[derive(Clone, Debug)]
pub struct Fault {
    pub wrong: Wrong,
    /// How often.
    pub left: u32,
    /// Only requests that begin like this: `POST /v2/load_balancers`.
    pub on: String,
    /// What was asked for is done all the same.
    pub done: bool,
}

impl Fault {
    pub fn new(on: &str, wrong: Wrong) -> Fault {
        Fault { wrong, left: u32::MAX, on: on.to_owned(), done: false }
    }

    pub fn times(self, left: u32) -> Fault {
        Fault { left, ..self }
    }

    pub fn but_done(self) -> Fault {
        Fault { done: true, ..self }
    }
}
