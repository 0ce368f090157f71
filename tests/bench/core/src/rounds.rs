//! Interleaved rounds: whatever else the machine does meets every contender alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Samples of each contender.
const ROUNDS: usize = 201;
/// How long a sample is to take: many times the clock's resolution, and so short that what else
/// runs falls into few of them.
const SAMPLE: Duration = Duration::from_micros(250);

/// A way to do what the case asks.
pub struct Contender<'a, T> {
    name: String,
    /// Does it this often, and gives the last result.
    repeat: Box<dyn FnMut(u32) -> T + 'a>,
}

impl<'a, T> Contender<'a, T> {
    pub fn new(name: impl Into<String>, mut once: impl FnMut() -> T + 'a) -> Self {
        Self {
            name: name.into(),
            repeat: Box::new(move |times| {
                for _ in 1..times {
                    black_box(once());
                }
                once()
            }),
        }
    }

    /// The same contender beside others whose results are of another type.
    pub fn without_result(mut self) -> Contender<'a, ()>
    where
        T: 'a,
    {
        Contender {
            name: self.name,
            repeat: Box::new(move |times| {
                black_box((self.repeat)(times));
            }),
        }
    }

    /// What it comes to: for checking it before it is timed.
    pub fn result(&mut self) -> (&str, T) {
        (&self.name, (self.repeat)(1))
    }

    fn time(&mut self, times: u32) -> Duration {
        let start = Instant::now();
        black_box((self.repeat)(times));
        start.elapsed()
    }

    /// How often fits into a sample.
    fn calibrate(&mut self) -> u32 {
        let mut times = 16;
        while self.time(times) < SAMPLE {
            times *= 2;
        }
        times
    }
}

/// The operations per second of each contender, a sample from every round.
pub fn rates<T>(contenders: Vec<Contender<'_, T>>) -> Vec<(String, Vec<f64>)> {
    let mut contenders: Vec<_> = contenders
        .into_iter()
        .map(|mut contender| (contender.calibrate(), Vec::with_capacity(ROUNDS), contender))
        .collect();
    for round in 0..ROUNDS {
        // Each one is the first in its turn.
        let turn = round % contenders.len();
        let (last, first) = contenders.split_at_mut(turn);
        for (times, rates, contender) in first.iter_mut().chain(last) {
            let elapsed = contender.time(*times);
            rates.push(f64::from(*times) / elapsed.as_secs_f64());
        }
    }
    contenders
        .into_iter()
        .map(|(_, rates, contender)| (contender.name, rates))
        .collect()
}
