//! How long deciding may take, in processor time of the thread that decides: on a machine that is busy with other things a thread waits
//! for its turn, and what waits is not slow.

use std::time::{Duration, Instant};

/// The processor's clock, which takes a call of the system to read, is read first when this part of the time has passed by the clock on the
/// wall. What was used before that does not count.
const FIRST: u32 = 16;
/// So many times as long it may take by the clock on the wall, whoever else has the processor.
const WALL: u32 = 20;

/// A time that passes from the first time that somebody asks.
#[derive(Debug)]
pub(super) struct Deadline {
    most: Option<Duration>,
    /// By the clock on the wall.
    begun: Option<Instant>,
    /// When the processor's clock is read next, from `begun` on: before that, it cannot have passed.
    next: Duration,
    /// What the processor's clock said when it was read first.
    processor: Option<Duration>,
    passed: bool,
}

impl Deadline {
    pub(super) const fn new(most: Option<Duration>) -> Self {
        Self { most, begun: None, next: Duration::ZERO, processor: None, passed: false }
    }

    /// Whether it was found to have passed.
    pub(super) const fn passed(&self) -> bool {
        self.passed
    }

    /// Looks whether it has passed.
    pub(super) fn look(&mut self) -> bool {
        if let (Some(most), false) = (self.most, self.passed) {
            match self.begun {
                None => self.begin(most, Instant::now()),
                Some(begun) => {
                    let wall = begun.elapsed();
                    if wall >= self.next {
                        self.judge(most, wall, processor());
                    }
                }
            }
        }
        self.passed
    }

    fn begin(&mut self, most: Duration, now: Instant) {
        self.begun = Some(now);
        self.next = most / FIRST;
        self.passed = most.is_zero();
    }

    fn judge(&mut self, most: Duration, wall: Duration, processor: Option<Duration>) {
        let used = processor.map_or(wall, |now| now.saturating_sub(*self.processor.get_or_insert(now)));
        self.passed = used >= most || wall >= most.saturating_mul(WALL);
        // No thread has more of a processor than there is time.
        self.next = wall.saturating_add(most.saturating_sub(used)).min(most.saturating_mul(WALL));
    }
}

/// The time that this thread had on a processor.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple"))]
fn processor() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

/// Elsewhere nobody says: the clock on the wall is what counts.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple")))]
const fn processor() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Duration = Duration::from_millis(160);

    fn begun() -> Deadline {
        let mut deadline = Deadline::new(Some(MOST));
        deadline.begin(MOST, Instant::now());
        deadline
    }

    /// Looks at these times of the wall and of the processor, and says when the deadline has passed, by the wall.
    fn passes(looks: &[(u64, Option<u64>)]) -> Option<u64> {
        let mut deadline = begun();
        looks.iter().find_map(|(wall, processor)| {
            let at = Duration::from_millis(*wall);
            if at >= deadline.next {
                deadline.judge(MOST, at, processor.map(Duration::from_millis));
            }
            deadline.passed().then_some(*wall)
        })
    }

    #[test]
    fn what_counts_is_the_processors_time() {
        let worker: Vec<_> = (0..40).map(|step| (step * 10, Some(7 + step * 10))).collect();
        assert_eq!(passes(&worker), Some(170), "from the tenth millisecond on");
        let waiting: Vec<_> = (0..300).map(|step| (step * 10, Some(7 + step / 10))).collect();
        assert_eq!(passes(&waiting), None, "it had 30 ms in three seconds");
        let stopped = [(0, Some(3)), (2, Some(5)), (3_000, Some(6)), (3_010, Some(16)), (3_160, Some(166))];
        assert_eq!(passes(&stopped), Some(3_160));
        let unknown: Vec<_> = (0..40).map(|step| (step * 10, None)).collect();
        assert_eq!(passes(&unknown), Some(160), "where there is no such clock");
    }

    #[test]
    fn nothing_takes_for_ever() {
        let asleep = [(0, Some(1)), (100, Some(1)), (3_100, Some(1)), (3_199, Some(1)), (3_200, Some(1))];
        assert_eq!(passes(&asleep), Some(3_200));
    }

    #[test]
    fn the_processors_clock_is_seldom_read() {
        let (mut deadline, mut read) = (begun(), 0);
        for millisecond in 0..1_000 {
            let wall = Duration::from_millis(millisecond);
            if wall >= deadline.next && !deadline.passed() {
                read += 1;
                deadline.judge(MOST, wall, Some(wall / 4));
            }
        }
        assert!(deadline.passed() && read < 40, "{read} times");
    }

    #[test]
    fn without_time_nothing_is_begun() {
        assert!(Deadline::new(Some(Duration::ZERO)).look());
        assert!(!Deadline::new(None).look());
    }
}
