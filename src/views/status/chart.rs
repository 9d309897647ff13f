//! Response times as lines, drawn on the server.

use std::fmt::Write;

use askama::Template;
use domain::service::UptimeBar;

use crate::views::human::Millis;

/// A line without axes, for a row.
#[derive(Debug, Clone, Template)]
#[template(path = "_spark.html")]
pub struct Spark {
    /// The corners of the line in a box of 64 by 20; empty with fewer than two answers.
    line: String,
}

/// A line over 24 hours with axes.
#[derive(Debug, Clone, Template)]
#[template(path = "_chart.html")]
pub struct Chart {
    name: String,
    line: String,
    median: u32,
    high: u32,
    max: u32,
    /// The value at the top of the chart.
    top: u32,
}

fragment!(Spark, Chart);

impl Spark {
    pub fn new(bars: &[UptimeBar]) -> Self {
        let top = bars.iter().filter_map(|bar| bar.latency_ms).max().unwrap_or(0);
        Self { line: corners(bars, top.saturating_mul(5) / 4, 64.0, 20.0) }
    }
}

impl Chart {
    pub fn new(name: &str, bars: &[UptimeBar]) -> Self {
        let mut answers: Vec<u32> = bars.iter().filter_map(|bar| bar.latency_ms).collect();
        answers.sort_unstable();
        let at = |share: usize| answers.get((answers.len().max(1) - 1) * share / 100).copied().unwrap_or(0);
        let max = at(100);
        let top = round_up(max.max(3));
        Self {
            name: name.to_owned(),
            line: corners(bars, top, 100.0, 100.0),
            median: at(50),
            high: at(95),
            max,
            top,
        }
    }

    fn has_line(&self) -> bool {
        !self.line.is_empty()
    }

    fn median(&self) -> Millis {
        Millis(self.median)
    }

    fn high(&self) -> Millis {
        Millis(self.high)
    }

    fn max(&self) -> Millis {
        Millis(self.max)
    }

    /// The labels of the axis, from the top.
    fn grid(&self) -> [(u32, Millis); 4] {
        [(8, 3), (40, 2), (72, 1), (104, 0)].map(|(y, thirds)| (y, Millis(self.top / 3 * thirds)))
    }
}

/// `x,y x,y …`; where nothing answered the line goes straight on.
fn corners(bars: &[UptimeBar], top: u32, width: f64, height: f64) -> String {
    let answers = bars.iter().filter(|bar| bar.latency_ms.is_some()).count();
    let mut line = String::new();
    if answers < 2 {
        return line;
    }
    let step = width / (bars.len() - 1) as f64;
    for (index, bar) in bars.iter().enumerate() {
        if let Some(latency) = bar.latency_ms {
            let y = height - f64::from(latency) / f64::from(top.max(1)) * height;
            let gap = if line.is_empty() { "" } else { " " };
            // Writing to a string does not fail.
            let _ = write!(line, "{gap}{:.1},{y:.1}", index as f64 * step);
        }
    }
    line
}

/// The next number of the series 3, 6, 15, 30, 60, 150, … that is not below `value`.
fn round_up(value: u32) -> u32 {
    let mut scale = 3_u32;
    loop {
        for factor in [1, 2, 5] {
            let candidate = scale.saturating_mul(factor);
            if candidate >= value {
                return candidate;
            }
        }
        scale = scale.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(latencies: &[Option<u32>]) -> Vec<UptimeBar> {
        latencies
            .iter()
            .map(|latency_ms| UptimeBar { up: 1, latency_ms: *latency_ms, ..Default::default() })
            .collect()
    }

    #[test]
    fn a_line_goes_over_gaps_and_stays_in_its_box() {
        assert_eq!(Spark::new(&bars(&[Some(4), None, Some(8)])).line, "0.0,12.0 64.0,4.0");
        assert_eq!(Spark::new(&bars(&[Some(4)])).line, "");
        assert_eq!(Spark::new(&bars(&[Some(0), Some(0)])).line, "0.0,20.0 64.0,20.0");
        assert_eq!(Spark::new(&[]).line, "");
    }

    #[test]
    fn a_chart_has_round_numbers_on_its_axis() {
        for (value, top) in [(1, 3), (4, 6), (61, 150), (2_449, 3_000), (u32::MAX, u32::MAX)] {
            assert_eq!(round_up(value), top);
        }
        let chart = Chart::new("plex", &bars(&[Some(38), Some(61), Some(112)]));
        assert_eq!((chart.median, chart.max, chart.top), (61, 112, 150));
    }
}
