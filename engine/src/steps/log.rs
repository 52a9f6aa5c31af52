//! What a step prints: masked, in order, soon on every screen.

use crate::clock;
use crate::feed::Feed;
use crate::secrets::Mask;
use crate::store::Store;
use crate::store::logs::{NewLine, Stream};
use rollout::event::{RolloutId, StepIndex};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longest line that is kept, in characters.
const LONGEST_LINE: usize = 4_000;
/// Most lines of one attempt at a step that are kept.
const MOST_LINES: usize = 20_000;

/// Takes lines at once and writes them in the background, many in one transaction.
pub(crate) struct StepLog {
    step: StepIndex,
    mask: Mask,
    lines: mpsc::UnboundedSender<NewLine>,
    count: AtomicUsize,
}

impl StepLog {
    /// The log, and the task that ends once the log is dropped and all is written.
    pub(crate) fn open(
        store: Store,
        feed: Feed,
        id: RolloutId,
        step: StepIndex,
        mask: Mask,
    ) -> (StepLog, JoinHandle<()>) {
        let (lines, mut queue) = mpsc::unbounded_channel();
        let writer = tokio::spawn(async move {
            let mut batch = vec![];
            while queue.recv_many(&mut batch, 500).await > 0 {
                if let Err(error) = store.add_lines(id, &batch).await {
                    tracing::error!(rollout.id = id.0, %error, "cannot write log lines of rollout {id}");
                }
                batch.clear();
                feed.tell(id);
            }
        });
        (StepLog { step, mask, lines, count: AtomicUsize::new(0) }, writer)
    }

    pub(crate) fn info(&self, text: impl AsRef<str>) {
        self.line(Stream::Info, text.as_ref());
    }

    pub(crate) fn line(&self, stream: Stream, text: &str) {
        let text = match self.count.fetch_add(1, Ordering::Relaxed) {
            0..MOST_LINES => self.mask.mask(text),
            MOST_LINES => format!("More than {MOST_LINES} lines: the rest is not kept."),
            _ => return,
        };
        let text = match text.char_indices().nth(LONGEST_LINE) {
            Some((end, _)) => format!("{} … cut after {LONGEST_LINE} characters", &text[..end]),
            None => text,
        };
        // The writer ends after us: it is there to receive.
        let _ = self.lines.send(NewLine { step: self.step, at: clock::now(), stream, text });
    }

    pub(crate) fn mask(&self, text: &str) -> String {
        self.mask.mask(text)
    }
}
