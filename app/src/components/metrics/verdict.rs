//! A verdict, to be told apart by word, sign and colour; and the words that all of this folder shares.

use leptos::prelude::*;
use rollout::Rollout;
use rollout::metric::{Act, Evidence, Verdict};
use rollout::slot::Slot;

/// A slot, and what it is in this rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) slot: Slot,
    pub(super) is_new: bool,
    /// "new", "old"; nothing where the rollout undoes another: neither is new then.
    pub(super) word: &'static str,
}

impl Role {
    /// The slot that is judged, and the one beside it.
    pub(super) fn both(rollout: &Rollout) -> [Role; 2] {
        let [new, old] = if rollout.is_roll_back() { ["", ""] } else { ["new", "old"] };
        let slot = rollout.start.slot;
        [Role { slot, is_new: true, word: new }, Role { slot: slot.other(), is_new: false, word: old }]
    }
}

#[component]
pub(super) fn VerdictBadge(verdict: Verdict, dry_run: bool) -> impl IntoView {
    let dry = if dry_run { " verdict-dry" } else { "" };
    view! {
        <span class=format!("badge verdict-{verdict}{dry}")>
            <span class="sign" aria-hidden="true">{sign(verdict)}</span>
            " "
            {word(verdict)}
        </span>
        {dry_run.then(|| view! { " " <span class="dry-run">"dry run"</span> })}
    }
}

pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Successful => "Successful",
        Verdict::Failed => "Failed",
        Verdict::Error => "Error",
        Verdict::Inconclusive => "Inconclusive",
    }
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Successful => "✓",
        Verdict::Failed => "✕",
        Verdict::Error => "!",
        Verdict::Inconclusive => "?",
    }
}

/// The worst first. What is on trial is no bad news yet.
pub(super) fn rank(evidence: &Evidence) -> u8 {
    match (evidence.dry_run, evidence.verdict) {
        (false, Verdict::Failed) => 0,
        (false, Verdict::Error) => 1,
        (false, Verdict::Inconclusive) => 2,
        (true, Verdict::Failed | Verdict::Error | Verdict::Inconclusive) => 3,
        (_, Verdict::Successful) => 4,
    }
}

/// `1 failed, 3 successful, 1 dry run`; `None` when nothing was looked at.
pub(super) fn summary(evidence: &[Evidence]) -> Option<String> {
    let count = |verdict| evidence.iter().filter(|seen| !seen.dry_run && seen.verdict == verdict).count();
    let dry_runs = evidence.iter().filter(|seen| seen.dry_run).count();
    let verdicts = [Verdict::Failed, Verdict::Error, Verdict::Inconclusive, Verdict::Successful];
    let mut parts: Vec<String> =
        verdicts.map(|verdict| (count(verdict), verdict)).into_iter().filter_map(counted).collect();
    match dry_runs {
        0 => {}
        1 => parts.push("1 dry run".to_owned()),
        more => parts.push(format!("{more} dry runs")),
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn counted((count, verdict): (usize, Verdict)) -> Option<String> {
    match (count, verdict) {
        (0, _) => None,
        (1, Verdict::Error) => Some("1 error".to_owned()),
        (more, Verdict::Error) => Some(format!("{more} errors")),
        (more, verdict) => Some(format!("{more} {verdict}")),
    }
}

/// How often in a row, and what follows; `None` when all is well.
pub(super) fn consequence(evidence: &Evidence) -> Option<String> {
    let times = match evidence.verdict {
        Verdict::Failed if evidence.in_a_row > 0 => Some(format!("{} in a row", evidence.in_a_row)),
        // With a number, what is counted is the failures before: that would read as if it were this one.
        Verdict::Error | Verdict::Inconclusive if evidence.in_a_row > 1 && evidence.new.value.is_none() => {
            Some(format!("{} in a row", evidence.in_a_row))
        }
        _ => None,
    };
    let follows = match (evidence.act, evidence.verdict) {
        _ if evidence.dry_run && evidence.verdict != Verdict::Successful => Some("nothing follows in a dry run"),
        (Act::Pass, _) => None,
        (Act::Wait, Verdict::Failed) => Some("not often enough yet to act"),
        (Act::Wait, _) => Some("does not pass by itself"),
        (Act::Ask, _) => Some("a person is asked once its time is up"),
        (Act::Hold, _) => Some("holds the rollout"),
        (Act::RollBack, _) => Some("rolls back"),
    };
    match (times, follows) {
        (Some(times), Some(follows)) => Some(format!("{times}: {follows}")),
        (times, follows) => times.or(follows.map(str::to_owned)),
    }
}

/// `1,240`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1,240 samples`, `1 sample`.
pub(super) fn counts(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(number))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn long_numbers_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_240, "1,240"), (1_000_000, "1,000,000")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }
}
