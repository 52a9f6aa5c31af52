//! HTTP requests in order, each with what its answer must be. The first failure ends them, and shows request, answer
//! and expectation, secrets masked.

mod expect;
mod request;

use super::{Context, Done, Outcome};
use crate::secrets::Mask;
use std::collections::BTreeMap;
use std::time::Instant;

/// An answer, read whole.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

/// Longest part of a body that is shown.
const SHOWN: usize = 2_000;

pub(super) async fn run(cx: &Context) -> Outcome {
    let tests = &cx.definition.application.smoke;
    let mut variables = BTreeMap::new();
    let mut mask = Mask::new();
    for (number, test) in tests.iter().enumerate() {
        let name = format!("{} of {}, {}", number + 1, tests.len(), test.name);
        let request =
            request::Request::build(cx, test, &variables).map_err(|why| format!("smoke test {name}: {why}"))?;
        let begun = Instant::now();
        let answer = match request.send(cx).await {
            Ok(answer) => answer,
            Err(why) => return Err(failure(cx, &mask, &name, &why, &request, None)),
        };
        let wrong = expect::unmet(&test.expect, &answer);
        if !wrong.is_empty() {
            return Err(failure(cx, &mask, &name, &wrong.join("; "), &request, Some(&answer)));
        }
        for (variable, path) in &test.capture {
            match expect::capture(path, &answer) {
                Ok(value) => {
                    // Whatever is captured may be a token: it is not shown.
                    mask.add(&value);
                    variables.insert(variable.clone(), value);
                }
                Err(why) => return Err(failure(cx, &mask, &name, &why, &request, Some(&answer))),
            }
        }
        cx.log.info(format!("{name}: passed with {} after {} ms", answer.status, begun.elapsed().as_millis()));
    }
    Ok(Done::new(format!("{} smoke tests passed", tests.len())))
}

/// The error in a line or two; request and answer go to the log as well.
fn failure(
    cx: &Context,
    mask: &Mask,
    name: &str,
    why: &str,
    request: &request::Request,
    answer: Option<&Answer>,
) -> String {
    let shown = |text: &str| {
        let masked = cx.log.mask(&mask.mask(text));
        match masked.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{} …", &masked[..end]),
            None => masked,
        }
    };
    cx.log.info(format!("{name}: FAILED: {}", shown(why)));
    cx.log.info(format!("> {}", shown(&request.first_line())));
    for line in request.shown_headers() {
        cx.log.info(format!("> {}", shown(&line)));
    }
    if let Some(body) = request.body() {
        cx.log.info(format!("> {}", shown(body)));
    }
    let mut error = format!("smoke test {name}: {}\nrequest: {}", shown(why), shown(&request.first_line()));
    if let Some(answer) = answer {
        cx.log.info(format!("< status {}", answer.status));
        for (header, value) in &answer.headers {
            cx.log.info(format!("< {header}: {}", shown(&String::from_utf8_lossy(value.as_bytes()))));
        }
        cx.log.info(format!("< {}", shown(&answer.body)));
        error += &format!("\nanswer: status {}, {}", answer.status, shown(&answer.body));
    }
    error
}
