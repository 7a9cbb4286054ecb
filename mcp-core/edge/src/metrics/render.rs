//! The text format of Prometheus.

use std::fmt::Write as _;

use super::registry::Registered;
use super::{Counter, Family, Gauge, Histogram};

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Counter(Family<Counter>),
    Gauge(Family<Gauge>),
    Histogram(Family<Histogram>),
}

/// Writes all series of a name; nothing where there are none. Writing to a string cannot fail.
pub(super) fn family(out: &mut String, name: &str, registered: &Registered) {
    let labels = &registered.labels;
    let (kind, empty) = match &registered.kind {
        Kind::Counter(family) => ("counter", family.is_empty()),
        Kind::Gauge(family) => ("gauge", family.is_empty()),
        Kind::Histogram(family) => ("histogram", family.is_empty()),
    };
    if empty {
        return;
    }
    let help = registered.help.replace('\\', "\\\\").replace('\n', "\\n");
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    match &registered.kind {
        Kind::Counter(family) => {
            for (values, counter) in family.sorted() {
                sample(out, name, labels, &values, None, &counter.value().to_string());
            }
        }
        Kind::Gauge(family) => {
            for (values, gauge) in family.sorted() {
                sample(out, name, labels, &values, None, &number(gauge.value()));
            }
        }
        Kind::Histogram(family) => {
            for (values, histogram) in family.sorted() {
                let (rows, sum) = histogram.cumulative();
                let count = rows.last().map_or(0, |(_, count)| *count);
                for (bound, count) in rows {
                    let le = number(bound);
                    sample(out, &format!("{name}_bucket"), labels, &values, Some(&le), &count.to_string());
                }
                sample(out, &format!("{name}_sum"), labels, &values, None, &number(sum));
                sample(out, &format!("{name}_count"), labels, &values, None, &count.to_string());
            }
        }
    }
}

fn sample(
    out: &mut String,
    name: &str,
    labels: &[Box<str>],
    values: &[Box<str>],
    le: Option<&str>,
    value: &str,
) {
    out.push_str(name);
    let pairs = labels.iter().map(|label| &**label).zip(values.iter().map(|value| &**value));
    let mut open = '{';
    for (label, value) in pairs.chain(le.map(|le| ("le", le))) {
        let _ = write!(out, "{open}{label}=\"");
        for c in value.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
        open = ',';
    }
    if open == ',' {
        out.push('}');
    }
    let _ = writeln!(out, " {value}");
}

fn number(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}
