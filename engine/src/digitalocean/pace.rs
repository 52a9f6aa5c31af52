//! How long is waited, and how often it is tried.

use std::time::Duration;

/// The defaults are for the real API; tests are in a hurry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Of one request, its answer read to the end.
    pub request: Duration,
    /// Tries of one request, the first among them.
    pub tries: u32,
    /// Before the second try; doubled before each further one, and spread by chance.
    pub backoff: Duration,
    /// The longest wait that a rate limit is waited for. A longer one is an error that says when to come back.
    pub longest_wait: Duration,
    /// How long a load balancer may be at work on an earlier change.
    pub processing: Duration,
    /// Between two looks at it meanwhile.
    pub look: Duration,
    /// How long a second of a balancer's health check lasts.
    pub second: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            request: Duration::from_secs(20),
            tries: 5,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            processing: Duration::from_secs(300),
            look: Duration::from_secs(3),
            second: Duration::from_secs(1),
        }
    }
}

impl Pace {
    /// The wait before try number `next` (the second is 2): half of it is certain, half is chance, so that many who
    /// were refused at once do not come back at once.
    pub(super) fn backoff(&self, next: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << next.saturating_sub(2).min(16)).min(self.longest_wait);
        doubled.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let pace = Pace::default();
        for (next, longest) in [(2, 500), (3, 1_000), (5, 4_000), (40, 60_000)] {
            let wait = pace.backoff(next).as_millis();
            assert!((longest / 2..=longest).contains(&wait), "before try {next}: {wait} ms");
        }
    }
}
