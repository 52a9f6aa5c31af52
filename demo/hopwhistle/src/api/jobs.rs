//! Jobs that requests leave behind: a login is noted, a call is billed. They wait in this process, which works them
//! off by itself; one of the releases never does.

use crate::release::Fault;
use crate::serve::Service;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

/// So many at once, and how long they take together: no load that a test sends makes the queue grow.
const BATCH: usize = 1000;
const ONE_BATCH: Duration = Duration::from_millis(10);

pub struct Jobs {
    service: Arc<Service>,
    queue: UnboundedSender<Job>,
}

/// Nothing is in it: what matters of a job, here, is that it waits.
struct Job;

impl Jobs {
    pub fn start(service: &Arc<Service>) -> Jobs {
        let (queue, jobs) = unbounded_channel();
        if service.release.fault != Some(Fault::Queue) {
            tokio::spawn(work(Arc::clone(service), jobs));
        }
        Jobs { service: Arc::clone(service), queue }
    }

    pub fn add(&self) {
        self.service.metrics.queue.add(1);
        // That nobody works is the fault of one release. It shows in the metric, and the request knows nothing of it.
        let _ = self.queue.send(Job);
    }
}

async fn work(service: Arc<Service>, mut jobs: UnboundedReceiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        sleep(ONE_BATCH).await;
        service.metrics.queue.add(-(batch.len() as i64));
        batch.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Release;

    /// How many of 2500 jobs still wait after a while.
    async fn left(fault: Option<Fault>) -> i64 {
        let service = Service::start(Release { version: "1.0.0".to_owned(), fault }).unwrap();
        let jobs = Jobs::start(&service);
        for _ in 0..2500 {
            jobs.add();
        }
        assert_eq!(service.metrics.queue.value(), 2500);
        for _ in 0..500 {
            if service.metrics.queue.value() == 0 {
                break;
            }
            sleep(Duration::from_millis(if fault.is_some() { 1 } else { 20 })).await;
        }
        service.metrics.queue.value()
    }

    #[tokio::test]
    async fn jobs_are_worked_off_unless_the_release_never_does() {
        assert_eq!(left(None).await, 0);
        assert_eq!(left(Some(Fault::Queue)).await, 2500);
    }
}
