//! The text format of Prometheus, version 0.0.4: families, each with what it is and its samples.

use std::fmt::{Display, Write as _};

use super::number::Histogram;

/// A text that grows.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// A family whose samples come next.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Text {
    /// Begins a family of numbers that only grow.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    /// Begins a family of numbers that go up and down.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// Begins a family of histograms.
    pub(super) fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        line(&mut self.0, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
        Family { text: &mut self.0, name }
    }

    /// The whole text.
    pub(super) fn end(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// A sample without labels.
    pub(super) fn is(&mut self, value: impl Display) -> &mut Self {
        self.of(&[], value)
    }

    /// A sample with these labels.
    pub(super) fn of(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.sample("", labels, None, value);
        self
    }

    /// A histogram of whole numbers, `units` of which are one of what the name says.
    pub(super) fn seen<const N: usize>(&mut self, labels: &[(&str, &str)], of: &Histogram<N>, units: u64) {
        let (steps, count, sum) = of.seen();
        for (bound, up_to) in steps {
            self.sample("_bucket", labels, Some(&fraction(bound, units)), up_to);
        }
        self.sample("_bucket", labels, Some("+Inf"), count);
        self.sample("_sum", labels, None, fraction(sum, units));
        self.sample("_count", labels, None, count);
    }

    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], bound: Option<&str>, value: impl Display) {
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        let mut before = '{';
        for (name, value) in labels.iter().copied().chain(bound.map(|bound| ("le", bound))) {
            self.text.push(before);
            self.text.push_str(name);
            self.text.push_str("=\"");
            for letter in value.chars() {
                match letter {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    letter => self.text.push(letter),
                }
            }
            self.text.push('"');
            before = ',';
        }
        if before == ',' {
            self.text.push('}');
        }
        line(self.text, format_args!(" {value}"));
    }
}

/// A number of units as a decimal fraction, without the zeros at its end.
pub(super) fn fraction(value: u64, units: u64) -> String {
    let digits = units.ilog10() as usize;
    let text = match digits {
        0 => return value.to_string(),
        digits => format!("{}.{:0digits$}", value / units, value % units),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a text does not fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_samples() {
        let mut text = Text::default();
        text.counter("a_total", "Things.").is(3).of(&[("x", "a\\\"\nb"), ("y", "{id}")], 4);
        let histogram = Histogram::new(&[100, 1_000_000]);
        histogram.see(100);
        histogram.see(2_500_000);
        text.histogram("b_seconds", "Time.").seen(&[("x", "1")], &histogram, 1_000_000);
        assert_eq!(
            text.end(),
            "# HELP a_total Things.\n# TYPE a_total counter\na_total 3\na_total{x=\"a\\\\\\\"\\nb\",y=\"{id}\"} 4\n\
             # HELP b_seconds Time.\n# TYPE b_seconds histogram\nb_seconds_bucket{x=\"1\",le=\"0.0001\"} 1\n\
             b_seconds_bucket{x=\"1\",le=\"1\"} 1\nb_seconds_bucket{x=\"1\",le=\"+Inf\"} 2\n\
             b_seconds_sum{x=\"1\"} 2.5001\nb_seconds_count{x=\"1\"} 2\n"
        );
    }

    #[test]
    fn fractions_are_exact() {
        for (value, units, text) in [
            (0, 1000, "0"),
            (100, 1_000_000, "0.0001"),
            (10_000_000, 1_000_000, "10"),
            (64, 1, "64"),
            (1_234_567, 1000, "1234.567"),
        ] {
            assert_eq!(fraction(value, units), text);
        }
    }
}
