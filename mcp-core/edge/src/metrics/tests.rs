//! What is counted is what is rendered, and no more than there is room for.

use std::time::Duration;

use mcp_core::protocol::{ErrorCode, Method};
use proptest::prelude::*;

use super::{CallMetrics, Metrics, MetricsError};
use crate::call::Outcome;

#[test]
fn text_is_what_prometheus_reads() {
    let metrics = Metrics::new();
    metrics.counters("a_total", "A \\ and\nB.", &["x"]).unwrap().with(&["q\"\\\n"]).add(3);
    metrics.gauge("b", "B.").unwrap().set(-1.5);
    let histogram = metrics.histogram("c_seconds", "C.", &[0.1, 1.0]).unwrap();
    for value in [0.05, 0.1, 0.5, 7.0] {
        histogram.observe(value);
    }
    let expect = "# HELP a_total A \\\\ and\\nB.\n# TYPE a_total counter\na_total{x=\"q\\\"\\\\\\n\"} 3\n\
        # HELP b B.\n# TYPE b gauge\nb -1.5\n\
        # HELP c_seconds C.\n# TYPE c_seconds histogram\nc_seconds_bucket{le=\"0.1\"} 2\nc_seconds_bucket{le=\"1\"} 3\n\
        c_seconds_bucket{le=\"+Inf\"} 4\nc_seconds_sum 7.65\nc_seconds_count 4\n";
    assert_eq!(metrics.render(), expect);
}

#[test]
fn names_are_checked_and_kept_apart() {
    let metrics = Metrics::new();
    for bad in ["", "1a", "a-b", "a b", "\u{e9}"] {
        assert!(matches!(metrics.counter(bad, "x"), Err(MetricsError::Name { .. })), "{bad}");
    }
    let one = metrics.counter("a_total", "A.").unwrap();
    one.increment();
    assert_eq!(metrics.counter("a_total", "A.").unwrap().value(), 1);
    assert!(matches!(metrics.gauge("a_total", "A."), Err(MetricsError::Taken { .. })));
    assert!(matches!(metrics.counters("a_total", "A.", &["l"]), Err(MetricsError::Taken { .. })));
    for bad in [&[1.0, 1.0][..], &[2.0, 1.0], &[f64::NAN]] {
        assert!(matches!(metrics.histogram("h", "H.", bad), Err(MetricsError::Bounds { .. })), "{bad:?}");
    }
}

#[test]
fn timers_add_their_time_once() {
    let histogram = Metrics::new().histogram("t_seconds", "T.", &[1.0]).unwrap();
    histogram.start().stop();
    drop(histogram.start());
    histogram.start().discard();
    assert_eq!(histogram.count_and_sum().0, 2);
}

#[test]
fn ten_thousand_names_are_a_bounded_number_of_series() {
    let metrics = Metrics::new();
    let calls = CallMetrics::new(&metrics).unwrap();
    let mut made = 0u64;
    for i in 0..10_000 {
        for (outcome, code) in [(Outcome::Ok, None), (Outcome::Error, Some(ErrorCode(i)))] {
            calls.record(&Method::ToolsCall, Some(&format!("t{i}")), outcome, code, Duration::from_micros(3));
            let other = Method::parse(&format!("x/{i}"));
            calls.record(&other, None, Outcome::Error, Some(ErrorCode::METHOD_NOT_FOUND), Duration::ZERO);
            made += 2;
        }
    }
    let text = metrics.render();
    let of = |name: &str| text.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>();
    let count = |lines: &[&str]| {
        lines.iter().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    let requests = of("mcp_requests_total{");
    assert!(requests.len() <= 202 * Outcome::ALL.len(), "{}", requests.len());
    assert!(of("mcp_request_errors_total{").len() <= 1_001);
    assert_eq!(count(&requests), made);
    assert_eq!(count(&of("mcp_request_duration_seconds_count")), made);
    assert_eq!(count(&of("mcp_request_errors_total{")), made - 10_000);
    assert!(requests.iter().any(|line| line.contains("tool=\"other\"")));
}

proptest! {
    #[test]
    fn buckets_add_up(values in prop::collection::vec(-10.0f64..10.0, 0..50)) {
        let histogram = Metrics::new().histogram("h", "H.", &[-1.0, 0.0, 2.5]).unwrap();
        values.iter().for_each(|value| histogram.observe(*value));
        let (rows, _) = histogram.cumulative();
        for (bound, count) in rows {
            prop_assert_eq!(count, values.iter().filter(|value| **value <= bound).count() as u64);
        }
    }
}
