//! The documents: what they link to is there.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// README.md and its like, and the pages in docs.
fn pages() -> Vec<PathBuf> {
    let of = |folder: &str| read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut pages = [of("."), of("docs"), of("tests/sdk")].concat();
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    assert!(pages.len() > 8, "{pages:?}");
    pages
}

/// A text without its blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The names by which headings can be linked to, as those who show Markdown make them.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = prose(&read_to_string(page).unwrap());
    let headings = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let name = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    headings.map(name).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut checked = 0;
    for page in pages() {
        let text = prose(&read_to_string(&page).unwrap());
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(to.exists(), "{}: {link} is not there", page.display());
            assert!(
                anchor.is_empty() || anchors(&to).contains(anchor),
                "{}: {link} has no such heading",
                page.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}
