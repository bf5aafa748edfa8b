//! How the cost of each request grows with the number of users: the figures of several runs as a plot (SVG), both axes
//! logarithmic.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::Value;

/// Requests, and the colour of each.
const LINES: [(&str, &str); 12] = [
    ("get", "#1f77b4"),
    ("list-first", "#ff7f0e"),
    ("list-deep", "#ffbb78"),
    ("list-name-deep", "#8c564b"),
    ("filter-rare", "#2ca02c"),
    ("filter-name", "#98df8a"),
    ("filter-label", "#17becf"),
    ("search-rare", "#9467bd"),
    ("search-email", "#c5b0d5"),
    ("search-common", "#d62728"),
    ("create", "#7f7f7f"),
    ("name", "#bcbd22"),
];

/// Pixels of one plot.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 380.0;
/// Microseconds at the lower and the upper end.
const LEAST: f64 = 10.0;
const MOST: f64 = 10_000_000.0;

/// Prints the plot of the files, each the `bench.json` of one run.
pub(crate) fn print(files: &[&str]) -> anyhow::Result<()> {
    // By engine and request: users, and microseconds of CPU of the server and the database together.
    let mut points: BTreeMap<(String, String), Vec<(f64, f64)>> = BTreeMap::new();
    for file in files {
        let run: Value =
            serde_json::from_slice(&std::fs::read(file).with_context(|| format!("{file} cannot be read"))?)?;
        let users = run["users"].as_f64().with_context(|| format!("{file} does not say how many users"))?;
        for row in run["rows"].as_array().into_iter().flatten() {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let cost = row["server_us"].as_f64().unwrap_or(0.0) + row["postgres_us"].as_f64().unwrap_or(0.0);
            if row["requests"].as_f64() > Some(0.0) {
                points.entry((text("engine"), text("key"))).or_default().push((users, cost));
            }
        }
    }
    let mut sizes: Vec<f64> = points.values().flatten().map(|(users, _)| *users).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let (Some(fewest), Some(most)) = (sizes.first().copied(), sizes.last().copied()) else {
        anyhow::bail!("there are no figures to draw");
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        2.0 * WIDTH + 290.0,
        HEIGHT + 80.0
    );
    for (n, (engine, title)) in [("sqlite", "SQLite"), ("postgres", "PostgreSQL")].into_iter().enumerate() {
        let left = 60.0 + n as f64 * (WIDTH + 60.0);
        let x = |users: f64| left + WIDTH * (users / fewest).log10() / (most / fewest).log10().max(0.1);
        let y = |cost: f64| 30.0 + HEIGHT * (1.0 - (cost.clamp(LEAST, MOST) / LEAST).log10() / (MOST / LEAST).log10());
        writeln!(svg, "<text x=\"{left}\" y=\"18\" font-size=\"14\">{title}: CPU of a request</text>")?;
        for power in 1..=7 {
            let at = y(10_f64.powi(power));
            let label = ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"][power as usize - 1];
            writeln!(svg, "<path d=\"M{left} {at:.1}h{WIDTH}\" stroke=\"#ddd\"/>")?;
            writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", left - 6.0, at + 4.0)?;
        }
        for users in &sizes {
            let (x, size) = (x(*users), short(*users));
            writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{size}</text>", HEIGHT + 48.0)?;
        }
        for (key, colour) in LINES {
            let Some(points) = points.get_mut(&(engine.to_owned(), key.to_owned())) else { continue };
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let path: Vec<String> =
                points.iter().map(|(users, cost)| format!("{:.1},{:.1}", x(*users), y(*cost))).collect();
            let path = path.join(" ");
            writeln!(svg, "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>")?;
            for (users, cost) in points {
                let (x, y) = (x(*users), y(*cost));
                writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>")?;
            }
        }
    }
    for (n, (key, colour)) in LINES.into_iter().enumerate() {
        let (left, at) = (2.0 * WIDTH + 150.0, 40.0 + n as f64 * 20.0);
        writeln!(svg, "<path d=\"M{left} {at}h20\" stroke=\"{colour}\" stroke-width=\"3\"/>")?;
        writeln!(svg, "<text x=\"{}\" y=\"{}\">{key}</text>", left + 26.0, at + 4.0)?;
    }
    println!("{svg}</svg>");
    Ok(())
}

fn short(users: f64) -> String {
    if users >= 1e6 { format!("{}m", users / 1e6) } else { format!("{}k", users / 1e3) }
}
