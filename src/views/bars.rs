//! Uptime bars: one for each stretch of time, oldest first.

use askama::Template;
use domain::monitor::MonitorBar;
use domain::service::UptimeBar;

use super::human::Percent;

/// The bars of one service over one span.
#[derive(Debug, Clone, Template)]
#[template(path = "_bars.html")]
pub struct Bars {
    /// Says in words what the bars show.
    label: String,
    size: &'static str,
    bars: Vec<&'static str>,
}

fragment!(Bars);

impl Bars {
    /// For a tile: 24 hours.
    pub fn day(name: &str, bars: &[UptimeBar], uptime: Option<f64>) -> Self {
        Self::new(format!("{name}, last 24 hours: {}", up(uptime)), "", bars)
    }

    /// For a row: 24 hours, low.
    pub fn thin_day(name: &str, bars: &[UptimeBar], uptime: Option<f64>) -> Self {
        Self { size: " thin", ..Self::day(name, bars, uptime) }
    }

    /// 30 days, tall.
    pub fn month(name: &str, bars: &[UptimeBar], uptime: Option<f64>) -> Self {
        Self::new(format!("{name}, last 30 days: {}", up(uptime)), " tall", bars)
    }

    /// For a row of somebody else's monitor: 24 hours, low.
    pub fn monitor(name: &str, bars: &[MonitorBar], uptime: Option<f64>) -> Self {
        let label = format!("{name}, last 24 hours: {}", up(uptime));
        Self { label, size: " thin", bars: bars.iter().map(monitor_class).collect() }
    }

    fn new(label: String, size: &'static str, bars: &[UptimeBar]) -> Self {
        Self { label, size, bars: bars.iter().map(class).collect() }
    }
}

fn up(uptime: Option<f64>) -> String {
    uptime.map_or_else(|| "nothing known yet".to_owned(), |share| format!("{} up", Percent(share)))
}

/// Up has no class, because most bars are.
fn class(bar: &UptimeBar) -> &'static str {
    match bar {
        UptimeBar { down: 1.., .. } => "d",
        UptimeBar { pending: 1.., .. } => "w",
        UptimeBar { up: 1.., .. } => "",
        UptimeBar { .. } => "n",
    }
}

fn monitor_class(bar: &MonitorBar) -> &'static str {
    match bar {
        MonitorBar { down: 1.., .. } => "d",
        MonitorBar { pending: 1.., .. } => "w",
        MonitorBar { maintenance: 1.., .. } => "m",
        MonitorBar { up: 1.., .. } => "",
        MonitorBar { .. } => "n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_as_bad_as_the_worst_that_was_seen_in_it() {
        let bar = |up, pending, down| UptimeBar { up, pending, down, latency_ms: None };
        let bars = [bar(0, 0, 0), bar(9, 0, 0), bar(9, 1, 0), bar(9, 1, 1)];

        let html = Bars::day("plex", &bars, Some(0.9)).render().unwrap();

        assert!(html.contains("<i class=\"n\"></i><i></i><i class=\"w\"></i><i class=\"d\"></i>"), "{html}");
        assert!(html.contains("aria-label=\"plex, last 24 hours: 90.0% up\""), "{html}");
    }
}
