//! The deadlines of a connection between its requests, as a timer of hyper's.
//!
//! hyper has one time-out from the end of a response to the end of the next request's head. A proxy
//! keeps idle connections for a minute, and a head that has begun needs seconds: two deadlines.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time;

/// What one connection is given for the head of each request. Clones belong to the same connection.
#[derive(Clone, Debug)]
pub(crate) struct HeadTimer {
    /// From the first byte of a head, and from the start of the connection.
    head: Duration,
    /// From the end of a response to the first byte of the next head.
    idle: Duration,
    is_first: Arc<AtomicBool>,
    has_read: Arc<AtomicBool>,
}

impl HeadTimer {
    pub(crate) fn new(head: Duration, idle: Duration) -> Self {
        Self {
            head,
            idle,
            is_first: Arc::new(AtomicBool::new(true)),
            has_read: Arc::default(),
        }
    }

    /// Notes that bytes came in.
    pub(crate) fn note_read(&self) {
        self.has_read.store(true, Ordering::Relaxed);
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now())
    }

    /// hyper asks for this when it begins to wait for a head.
    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        let is_first = self.is_first.swap(false, Ordering::Relaxed);
        self.has_read.store(false, Ordering::Relaxed);
        Box::pin(Head {
            timer: self.clone(),
            has_begun: is_first,
            deadline: Box::pin(time::sleep(if is_first { self.head } else { self.idle })),
        })
    }
}

/// The wait for one head.
struct Head {
    timer: HeadTimer,
    has_begun: bool,
    deadline: Pin<Box<time::Sleep>>,
}

impl Sleep for Head {}

impl Future for Head {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // hyper reads before it polls this, so a first byte is seen as soon as it is there.
        if !self.has_begun && self.timer.has_read.load(Ordering::Relaxed) {
            self.has_begun = true;
            let deadline = time::Instant::now() + self.timer.head;
            self.deadline.as_mut().reset(deadline);
        }
        self.deadline.as_mut().poll(context)
    }
}
