//! `/metrics`: the monitors, and some of the process's own series around them.

use std::fmt::Write;

use super::monitor::Monitor;
use super::{Generation, House};

/// The real one has some 180 lines of these.
const OWN: &str = "\
# HELP process_cpu_user_seconds_total Total user CPU time spent in seconds.
# TYPE process_cpu_user_seconds_total counter
process_cpu_user_seconds_total 5.248293

# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 163168256

# HELP nodejs_eventloop_lag_seconds Lag of event loop in seconds.
# TYPE nodejs_eventloop_lag_seconds gauge
nodejs_eventloop_lag_seconds 0

# HELP nodejs_version_info Node.js version info.
# TYPE nodejs_version_info gauge
nodejs_version_info{version=\"v20.20.0\",major=\"20\",minor=\"20\",patch=\"0\"} 1

# HELP http_request_duration_seconds duration histogram of http responses labeled with: status_code
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le=\"0.1\",status_code=\"200\"} 3
http_request_duration_seconds_bucket{le=\"+Inf\",status_code=\"200\"} 3
http_request_duration_seconds_sum{status_code=\"200\"} 0.062
http_request_duration_seconds_count{status_code=\"200\"} 3

";

const WINDOWS: [&str; 3] = ["1d", "30d", "365d"];

pub(super) fn write(house: &House, generation: Generation) -> String {
    let monitors: Vec<&Monitor> =
        house.monitors.values().filter(|monitor| monitor.is_active && monitor.has_series).collect();
    let mut page = Page { text: OWN.to_owned(), generation, monitors };
    page.family(
        "monitor_cert_days_remaining",
        "The number of days remaining until the certificate expires",
        |monitor| monitor.new.cert_days.map(|days| days as f64),
    );
    page.family("monitor_cert_is_valid", "Is the certificate still valid? (1 = Yes, 0= No)", |monitor| {
        monitor.new.cert_days.map(|days| f64::from(u8::from(days > 0)))
    });
    if generation >= Generation::V2_5 {
        let help = "Uptime ratio calculated over sliding window specified by the 'window' label. (0.0 - 1.0)";
        page.windows("monitor_uptime_ratio", help, |monitor| Some(monitor.uptime()));
        let help =
            "Average response time in seconds calculated over sliding window specified by the 'window' label";
        page.windows("monitor_response_time_seconds", help, |monitor| {
            monitor.mean_ping().map(|ms| ms / 1000.0)
        });
    }
    page.family("monitor_response_time", "Monitor Response Time (ms)", |monitor| {
        Some(monitor.beats.back().and_then(|beat| beat.ping).unwrap_or(-1.0))
    });
    let help = "Monitor Status (1 = UP, 0= DOWN, 2= PENDING, 3= MAINTENANCE)";
    page.family("monitor_status", help, |monitor| Some(f64::from(monitor.status().number())));
    page.text
}

struct Page<'a> {
    text: String,
    generation: Generation,
    monitors: Vec<&'a Monitor>,
}

impl Page<'_> {
    fn family(&mut self, name: &str, help: &str, value: impl Fn(&Monitor) -> Option<f64>) {
        self.head(name, help);
        let mut lines = Vec::new();
        for monitor in &self.monitors {
            if let Some(value) = value(monitor) {
                lines.push(format!("{name}{{{}}} {value}", labels(monitor, self.generation)));
            }
        }
        // Two monitors with the same labels are one series, and the later one counts.
        let later = |nth: usize| {
            let series = |line: &str| line.rsplit_once(' ').map(|(series, _)| series.to_owned());
            lines[nth + 1..].iter().any(|other| series(other) == series(&lines[nth]))
        };
        for (nth, line) in lines.iter().enumerate() {
            if !later(nth) {
                self.text.push_str(line);
                self.text.push('\n');
            }
        }
        self.text.push('\n');
    }

    fn windows(&mut self, name: &str, help: &str, value: impl Fn(&Monitor) -> Option<f64>) {
        self.head(name, help);
        for monitor in &self.monitors {
            let Some(value) = value(monitor) else { continue };
            for window in WINDOWS {
                let labels = labels(monitor, self.generation);
                let _ = writeln!(self.text, "{name}{{{labels},window=\"{window}\"}} {value}");
            }
        }
        self.text.push('\n');
    }

    fn head(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }
}

fn labels(monitor: &Monitor, generation: Generation) -> String {
    let new = &monitor.new;
    let mut labels = Vec::new();
    if generation >= Generation::V2_5 {
        labels.extend(new.tags.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    let mut add = |name: &str, value: String| labels.push((name.to_owned(), value));
    if generation >= Generation::V2_0 {
        add("monitor_id", monitor.id.to_string());
    }
    add("monitor_name", new.name.clone());
    add("monitor_type", new.kind.clone());
    add("monitor_url", new.url.clone());
    // What is absent is the word.
    add("monitor_hostname", new.hostname.clone().unwrap_or_else(|| "null".to_owned()));
    add("monitor_port", new.port.map_or_else(|| "null".to_owned(), |port| port.to_string()));
    let written: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    written.join(",")
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
