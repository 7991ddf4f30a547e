//! What befalls a run: every step follows from the seed.

use std::time::Duration;

use fastrand::Rng;

use crate::bank::{BANK_FAULTS, BankFault, KINDS};

/// The number of subscribers.
pub(crate) const SUBSCRIBERS: usize = 4;
/// The number of steps of a run.
const STEPS: std::ops::Range<usize> = 25..50;
/// The time between two steps, in milliseconds of the runtime; the clock of the service runs [`SPEED`] times as fast.
const PAUSE_MS: std::ops::Range<u64> = 1_000..120_000;
/// How many times as fast as the runtime the clocks of the service and of the banks run: a day takes 24 minutes.
pub(crate) const SPEED: u32 = 60;
/// The longest time that the service is down, in milliseconds.
const DOWN_MS_MAX: u64 = 90_000;
/// The furthest that the clock of the service is set at once, in minutes.
const CLOCK_MINUTES_MAX: i64 = 300;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A bank fails, or is well again.
    Bank(usize, Option<BankFault>),
    /// A bank corrects a price.
    Correct(usize),
    /// A bank corrects prices one after the other, and each is submitted at once.
    Burst(usize, u8),
    /// The service is killed, and started again after a time.
    Kill(Duration),
    /// The service is stopped, and started again after a time.
    Stop(Duration),
    /// Nothing passes on a link, or everything again.
    Clog(usize, bool),
    /// All links stop one after the other, and go on in another order.
    Swizzle,
    /// Everything on a link takes this long.
    Latency(usize, Duration),
    /// The connections of a link are reset.
    Cut(usize),
    /// The disk is full, or has room again.
    Disk(bool),
    /// The clock of the service is set forward, or back, by minutes.
    Clock(i64),
}

/// The steps of a run, and how long after the one before each of them comes.
#[derive(Debug)]
pub(crate) struct Plan {
    /// How many hours after the beginning of a week the run begins.
    pub(crate) hours: i64,
    pub(crate) steps: Vec<(Duration, Step)>,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let steps = (0..random.usize(STEPS)).map(|_| {
            let pause = Duration::from_millis(random.u64(PAUSE_MS));
            (pause, step(&mut random))
        });
        let steps = steps.collect();
        Self {
            hours: random.i64(0..5 * 24),
            steps,
        }
    }
}

fn step(random: &mut Rng) -> Step {
    let bank = random.usize(..KINDS.len());
    let link = random.usize(..SUBSCRIBERS);
    let down = Duration::from_millis(random.u64(..=DOWN_MS_MAX));
    match random.u8(..100) {
        0..25 => Step::Bank(bank, random.choice(BANK_FAULTS)),
        25..35 => Step::Bank(bank, None),
        35..40 => Step::Correct(bank),
        40..43 => Step::Burst(bank, random.u8(1..10)),
        43..53 => Step::Kill(down),
        53..57 => Step::Stop(down),
        57..67 => Step::Clog(link, random.bool()),
        67..71 => Step::Swizzle,
        71..77 => Step::Latency(link, Duration::from_millis(random.u64(..8_000))),
        77..84 => Step::Cut(link),
        84..92 => Step::Disk(random.bool()),
        _ => Step::Clock(random.i64(-CLOCK_MINUTES_MAX..=CLOCK_MINUTES_MAX)),
    }
}
