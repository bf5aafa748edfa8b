//! Reads the text format of Prometheus, and fails at whatever its rules do not allow.

use std::collections::{BTreeMap, BTreeSet};

/// Names and values.
type Labels = Vec<(String, String)>;

/// A sample.
#[derive(Debug, Clone)]
pub struct Sample {
    pub name: String,
    pub labels: Labels,
    pub value: f64,
}

/// A text that keeps to the rules.
#[derive(Debug)]
pub struct Exposition {
    /// The families, with their kinds.
    pub families: BTreeMap<String, String>,
    pub samples: Vec<Sample>,
}

fn is_name(text: &str, colons: bool) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// The family of a sample's name.
pub fn family<'a>(families: &BTreeMap<String, String>, name: &'a str) -> Option<&'a str> {
    if families.get(name).is_some_and(|kind| kind != "histogram") {
        return Some(name);
    }
    ["_bucket", "_sum", "_count"]
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix))
        .find(|name| families.get(*name).is_some_and(|kind| kind == "histogram"))
}

/// Labels up to the closing brace, and what comes behind it.
fn labels(mut rest: &str) -> (Labels, &str) {
    let mut labels = Vec::new();
    loop {
        let (name, after) = rest.split_once("=\"").expect("a label and its value");
        assert!(is_name(name, false) && !name.starts_with("__"), "{name:?}");
        let (mut value, mut letters) = (String::new(), after.char_indices());
        let end = loop {
            match letters.next().expect("an end of the value") {
                (at, '"') => break at,
                (_, '\\') => value.push(match letters.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, c @ ('\\' | '"'))) => c,
                    other => panic!("{other:?} is not escaped"),
                }),
                (_, c) => value.push(c),
            }
        };
        labels.push((name.to_owned(), value));
        rest = &after[end + 1..];
        match rest.split_at(1) {
            (",", more) => rest = more,
            ("}", more) => return (labels, more),
            (other, _) => panic!("{other:?} behind a value"),
        }
    }
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).expect("a name and a value");
    let (name, rest) = line.split_at(end);
    assert!(is_name(name, true), "{name:?}");
    let (labels, rest) = rest.strip_prefix('{').map_or((Vec::new(), rest), labels);
    let value = rest.strip_prefix(' ').unwrap().parse().unwrap_or_else(|error| panic!("{line}: {error}"));
    Sample { name: name.to_owned(), labels, value }
}

impl Exposition {
    #[track_caller]
    pub fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has an end");
        let (mut families, mut helped, mut samples) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        let (mut current, mut series) = (String::new(), BTreeSet::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(is_name(name, true) && !help.is_empty() && !help.contains('\\'), "{line}");
                assert!(helped.insert(name.to_owned()), "{name} twice");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(helped.contains(name), "{name} has no help before its type");
                assert!(families.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
                name.clone_into(&mut current);
            } else {
                let sample = sample(line);
                assert_eq!(family(&families, &sample.name), Some(current.as_str()), "{line}: apart from its family");
                let mut labels = sample.labels.clone();
                labels.sort();
                labels.dedup_by(|a, b| a.0 == b.0);
                assert_eq!(labels.len(), sample.labels.len(), "{line}: a label twice");
                assert!(series.insert((sample.name.clone(), labels)), "{line}: a series twice");
                assert!(sample.value >= 0.0 && sample.value.is_finite(), "{line}");
                samples.push(sample);
            }
        }
        let read = Self { families, samples };
        for (name, _) in read.families.iter().filter(|(_, kind)| *kind == "histogram") {
            read.check_histogram(name);
        }
        read
    }

    /// The buckets grow up to `+Inf`, which is the count.
    fn check_histogram(&self, name: &str) {
        let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        let (bucket, count, sum) = (format!("{name}_bucket"), format!("{name}_count"), format!("{name}_sum"));
        for sample in self.samples.iter().filter(|sample| sample.name == bucket) {
            let (le, others): (Vec<_>, Vec<_>) = sample.labels.iter().cloned().partition(|(name, _)| name == "le");
            let bound = le[0].1.parse().unwrap();
            buckets.entry(others).or_default().push((bound, sample.value));
        }
        for (labels, buckets) in &buckets {
            assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{name} {labels:?} {buckets:?}");
            let (last, all) = buckets.last().unwrap();
            assert!(last.is_infinite(), "{name} {labels:?}");
            let labels: Vec<(&str, &str)> =
                labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(self.value(&count, &labels), *all, "{name} {labels:?}");
            self.value(&sum, &labels);
        }
        let counts = self.samples.iter().filter(|sample| sample.name == count).count();
        assert_eq!(counts, buckets.len(), "{name}");
    }

    /// The samples of a family.
    pub fn of(&self, name: &str) -> Vec<&Sample> {
        assert!(self.families.contains_key(name), "there is no {name}");
        self.samples.iter().filter(|sample| family(&self.families, &sample.name) == Some(name)).collect()
    }

    /// The value of the sample with exactly these labels.
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let same = |sample: &&Sample| {
            let has = |(name, value): &(&str, &str)| sample.labels.iter().any(|(n, v)| n == name && v == value);
            sample.name == name && sample.labels.len() == labels.len() && labels.iter().all(has)
        };
        self.samples.iter().find(same).unwrap_or_else(|| panic!("there is no {name} {labels:?}")).value
    }

    /// The value of a family without labels.
    #[track_caller]
    pub fn single(&self, name: &str) -> f64 {
        assert_eq!(self.of(name).len(), 1, "{name}");
        self.value(name, &[])
    }
}
