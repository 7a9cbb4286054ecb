//! More scopes, but not for ever.

use std::time::{Duration, Instant};

use super::scope;

/// How often the same scopes are asked for in vain before it counts as a no.
const MAX_TRIES: u32 = 1;
/// After this long a person may have changed their mind.
const MEMORY: Duration = Duration::from_secs(300);
const MAX_REMEMBERED: usize = 64;

/// Scopes that were asked for, by operation.
#[derive(Debug, Default)]
pub(super) struct StepUps(Vec<StepUp>);

#[derive(Debug)]
struct StepUp {
    operation: String,
    scopes: Vec<String>,
    tries: u32,
    last: Instant,
}

impl StepUps {
    /// How often these scopes were got for this operation, and the server still wants them, if that is
    /// often enough.
    pub(super) fn exhausted(&mut self, operation: &str, scopes: &[String]) -> Option<u32> {
        self.0.retain(|known| known.last.elapsed() < MEMORY);
        let known = self.0.iter().find(|known| known.is(operation, scopes))?;
        (known.tries >= MAX_TRIES).then_some(known.tries)
    }

    /// These scopes were got for this operation.
    pub(super) fn record(&mut self, operation: &str, scopes: &[String]) {
        if let Some(known) = self.0.iter_mut().find(|known| known.is(operation, scopes)) {
            known.tries += 1;
            known.last = Instant::now();
            return;
        }
        if self.0.len() >= MAX_REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(StepUp {
            operation: operation.to_owned(),
            scopes: scopes.to_vec(),
            tries: 1,
            last: Instant::now(),
        });
    }

    /// They were of use.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl StepUp {
    fn is(&self, operation: &str, scopes: &[String]) -> bool {
        self.operation == operation
            && scope::covers(&self.scopes, scopes)
            && scope::covers(scopes, &self.scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_scopes_are_asked_for_once() {
        let mut step_ups = StepUps::default();
        let [ab, ba, a] = ["a b", "b a", "a"].map(scope::split);
        assert_eq!(step_ups.exhausted("POST /mcp", &ab), None);
        step_ups.record("POST /mcp", &ab);
        assert_eq!(step_ups.exhausted("POST /mcp", &ba), Some(1));
        assert_eq!(step_ups.exhausted("POST /mcp", &a), None);
        assert_eq!(step_ups.exhausted("GET /mcp", &ab), None);
        step_ups.clear();
        assert_eq!(step_ups.exhausted("POST /mcp", &ab), None);
        for number in 0..1000 {
            step_ups.record(&number.to_string(), &ab);
        }
        assert_eq!(step_ups.0.len(), MAX_REMEMBERED);
    }
}
