//! Grouped bars as SVG: few enough shapes that a library would be longer than this.

use std::fmt::Write;

/// Bars side by side under one label.
#[derive(Debug)]
pub(crate) struct Group {
    /// What the bars have in common.
    pub(crate) label: String,
    /// Name and height of each bar; a name keeps its colour in all groups.
    pub(crate) bars: Vec<(String, f64)>,
}

const COLOURS: [&str; 8] = [
    "#9aa5b1", "#616e7c", "#d64545", "#e9a23b", "#7b61c9", "#2186eb", "#3ebd93", "#1f2933",
];
const LEFT: f64 = 60.0;
const TOP: f64 = 48.0;
const HEIGHT: f64 = 260.0;
const BAR: f64 = 30.0;
const GAP: f64 = 28.0;

/// Draws the groups; on a logarithmic scale if the heights differ much.
pub(crate) fn bars(title: &str, unit: &str, groups: &[Group]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in groups.iter().flat_map(|group| &group.bars) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let heights = || {
        groups
            .iter()
            .flat_map(|group| &group.bars)
            .map(|bar| bar.1)
            .filter(|height| *height > 0.0)
    };
    let scale = Scale::over(
        heights().fold(f64::INFINITY, f64::min),
        heights().fold(0.0, f64::max),
    );
    let mut shapes = String::new();
    let mut left = LEFT + GAP / 2.0;
    for group in groups {
        let start = left;
        for (name, value) in &group.bars {
            let colour = names.iter().position(|known| known == name).unwrap_or_default() % COLOURS.len();
            let top = scale.y(*value);
            let _ = write!(
                shapes,
                "<rect x='{left:.0}' y='{top:.1}' width='{:.0}' height='{:.1}' fill='{}'/>\
                 <text x='{:.1}' y='{:.1}' font-size='9' text-anchor='middle'>{}</text>",
                BAR - 3.0,
                TOP + HEIGHT - top,
                COLOURS[colour],
                left + (BAR - 3.0) / 2.0,
                top - 3.0,
                short(*value),
            );
            left += BAR;
        }
        let _ = write!(
            shapes,
            "<text x='{:.0}' y='{:.0}' text-anchor='middle'>{}</text>",
            f64::midpoint(start, left),
            TOP + HEIGHT + 16.0,
            escape(&group.label),
        );
        left += GAP;
    }
    let width = (left + 150.0).max(420.0);
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0}' height='{:.0}' font-family='sans-serif' \
         font-size='11'><rect width='100%' height='100%' fill='white'/><text x='{LEFT}' y='20' font-size='14'>{} \
         ({}{})</text>",
        TOP + HEIGHT + 30.0,
        escape(title),
        escape(unit),
        if scale.logarithmic { ", logarithmic" } else { "" },
    );
    for mark in scale.marks() {
        let y = scale.y(mark);
        let _ = write!(
            svg,
            "<line x1='{LEFT}' x2='{:.0}' y1='{y:.1}' y2='{y:.1}' stroke='#e4e7eb'/>\
             <text x='{:.0}' y='{:.1}' text-anchor='end'>{}</text>",
            width - 150.0,
            LEFT - 6.0,
            y + 4.0,
            short(mark),
        );
    }
    svg.push_str(&shapes);
    let mut y = TOP;
    for (name, colour) in names.iter().zip(COLOURS.iter().cycle()) {
        let x = width - 135.0;
        let _ = write!(
            svg,
            "<rect x='{x:.0}' y='{y:.0}' width='10' height='10' fill='{colour}'/><text x='{:.0}' y='{:.0}'>{}</text>",
            x + 16.0,
            y + 9.0,
            escape(name),
        );
        y += 18.0;
    }
    svg + "</svg>\n"
}

struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Scale {
    fn over(low: f64, high: f64) -> Self {
        if low.is_finite() && high / low > 20.0 {
            return Self {
                low: low.log10().floor(),
                high: high.log10().ceil(),
                logarithmic: true,
            };
        }
        let step = step(high);
        Self {
            low: 0.0,
            high: (high / step).ceil().max(1.0) * step,
            logarithmic: false,
        }
    }

    fn y(&self, value: f64) -> f64 {
        let value = if self.logarithmic {
            value.max(f64::MIN_POSITIVE).log10()
        } else {
            value
        };
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        TOP + HEIGHT * (1.0 - share)
    }

    fn marks(&self) -> Vec<f64> {
        let step = if self.logarithmic { 1.0 } else { step(self.high) };
        let mut marks = Vec::new();
        let mut mark = self.low;
        while mark <= self.high + step / 1e6 {
            marks.push(if self.logarithmic { 10_f64.powf(mark) } else { mark });
            mark += step;
        }
        marks
    }
}

/// A round distance of grid lines: five to ten of them below the highest bar.
fn step(high: f64) -> f64 {
    let power = 10_f64.powf(high.max(1e-9).log10().floor());
    [0.1, 0.2, 0.5, 1.0]
        .map(|part| part * power)
        .into_iter()
        .find(|step| high / step <= 10.0)
        .unwrap_or(power)
}

fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 || value == value.round() => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(label: &str, heights: &[f64]) -> Group {
        let bars = heights
            .iter()
            .enumerate()
            .map(|(place, height)| (format!("s{place}"), *height))
            .collect();
        Group {
            label: label.to_owned(),
            bars,
        }
    }

    #[test]
    fn taller_values_give_taller_bars_on_both_scales() {
        for (low, high) in [(8.0, 37.0), (9.0, 5000.0)] {
            let scale = Scale::over(low, high);
            assert!(scale.y(high) < scale.y(low), "{low} {high}");
            assert!(scale.y(high) >= TOP && scale.y(low) <= TOP + HEIGHT);
            assert!(scale.marks().len() >= 3 && scale.marks().len() <= 12);
        }
        assert!(Scale::over(9.0, 5000.0).logarithmic && !Scale::over(8.0, 37.0).logarithmic);
    }

    #[test]
    fn every_bar_is_drawn_and_every_name_is_in_the_legend_once() {
        let svg = bars(
            "a < b",
            "µs",
            &[group("c=1", &[1.0, 2.0]), group("c=16", &[3.0, 4.0])],
        );
        assert_eq!(svg.matches("<rect").count(), 1 + 4 + 2);
        assert_eq!(svg.matches(">s0<").count(), 1);
        assert!(svg.contains("a &lt; b") && svg.ends_with("</svg>\n"));
    }
}
