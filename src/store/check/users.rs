//! Users, and what is kept beside their rows: folded name, text and index of the search, labels, targets.

use std::collections::{BTreeSet, HashMap};

use super::rows::{Page, Range, Suspect};
use super::{At, Mend};
use crate::fold::fold;
use crate::store::row::record;
use crate::store::search::{self, Index};
use crate::store::targets::{self, Target, Targets};
use crate::store::users::search_text;
use crate::store::{Engine, ProjectKey, Result, Sql, sql};

/// What is compared of a user.
struct Row {
    seq: i64,
    id: String,
    name: String,
    name_folded: String,
    email: Option<String>,
    phone: Option<String>,
    labels: String,
    targets: String,
    search: String,
}

record! {
    Row {
        seq, id, name, name_folded, email, phone, labels, targets, search,
    }
}

/// What stands beside the rows of a page.
struct Beside {
    labels: HashMap<i64, BTreeSet<String>>,
    targets: HashMap<String, Vec<Target>>,
    /// On PostgreSQL: texts and hashes.
    index: HashMap<i64, (String, String)>,
}

pub(super) async fn look(at: &mut At<'_>, project: ProjectKey, range: Range) -> Result<Page> {
    let rows: Vec<Row> = at
        .all(
            sql("SELECT seq, id, name, name_folded, email, phone, labels, targets, search FROM users \
                 WHERE project = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4")
            .bind(project)
            .bind(range.after)
            .bind(range.to)
            .bind(range.most),
        )
        .await?;
    let mut page = Page::of(rows.iter().map(|row| row.seq));
    let Some(last) = page.last else { return Ok(page) };
    let beside = beside(at, project, Range { to: last, ..range }).await?;
    for row in rows {
        page.add(compare(at.engine(), project, row, &beside));
    }
    Ok(page)
}

async fn beside(at: &mut At<'_>, project: ProjectKey, range: Range) -> Result<Beside> {
    let of = |text| sql(text).bind(project).bind(range.after).bind(range.to);
    let mut beside = Beside { labels: HashMap::new(), targets: HashMap::new(), index: HashMap::new() };
    // The plus keeps both engines from reading all labels of the project by its number.
    let labels = of("SELECT user_seq, label FROM user_labels WHERE +project = $1 AND user_seq > $2 AND user_seq <= $3");
    for (seq, label) in at.all::<(i64, String)>(labels).await? {
        beside.labels.entry(seq).or_default().insert(label);
    }
    let mut select = sql("SELECT ");
    select.push(targets::COLUMNS);
    select.push(" FROM targets t JOIN users u ON u.project = t.project AND u.id = t.user_id WHERE u.project = $1 ");
    select.push("AND u.seq > $2 AND u.seq <= $3 ORDER BY t.seq");
    for target in at.all::<Target>(select.bind(project).bind(range.after).bind(range.to)).await? {
        beside.targets.entry(target.user_id.clone()).or_default().push(target);
    }
    if at.engine() == Engine::Postgres {
        let index = of("SELECT seq, text, CAST(grams AS TEXT) FROM user_search \
             WHERE project = $1 AND seq > $2 AND seq <= $3");
        for (seq, text, grams) in at.all::<(i64, String, String)>(index).await? {
            beside.index.insert(seq, (text, grams));
        }
    }
    Ok(beside)
}

fn compare(engine: Engine, project: ProjectKey, row: Row, beside: &Beside) -> Suspect {
    let seq = row.seq;
    let mut found = Suspect::new(seq, format!("user {}", row.id));
    let set = |column: &'static str, value: String| {
        let mut update = sql("UPDATE users SET ");
        update.push(column).push(" = ").push_bind(value).push(" WHERE project = ").push_bind(project);
        update.push(" AND seq = ").push_bind(seq);
        vec![Mend::Run(update)]
    };
    let folded = fold(&row.name);
    found.unless(row.name_folded == folded, "name_folded is not what the name folds to", || set("name_folded", folded));
    let (none, no_labels) = (Vec::new(), BTreeSet::new());
    let right = beside.targets.get(&row.id).unwrap_or(&none);
    let by_id = |targets: &[Target]| {
        let mut sorted = targets.to_vec();
        sorted.sort_by(|one, other| one.id.cmp(&other.id));
        sorted
    };
    let same = Targets::try_from(row.targets.as_str()).is_ok_and(|copy| by_id(&copy.0) == by_id(right));
    let copy = || set("targets", Targets(right.clone()).to_json());
    found.unless(same, "the copy of the targets is not what the table of targets has", copy);
    // What is derived from labels can only be told where they can be read.
    let Ok(labels) = serde_json::from_str::<Vec<String>>(&row.labels) else {
        found.wrong.push(("the labels are no JSON list of texts", None));
        return found;
    };
    let kept = beside.labels.get(&seq).unwrap_or(&no_labels);
    let wanted: BTreeSet<String> = labels.iter().cloned().collect();
    found.unless(*kept == wanted, "user_labels has other labels than the user", || {
        let gone = kept.difference(&wanted).map(|label| {
            label_row(
                "DELETE FROM user_labels WHERE project = $1 AND label = $2 AND user_seq = $3",
                project,
                label,
                seq,
            )
        });
        let come = wanted.difference(kept).map(|label| {
            let insert = "INSERT INTO user_labels (project, label, user_seq) VALUES ($1, $2, $3)";
            label_row(insert, project, label, seq)
        });
        gone.chain(come).map(Mend::Run).collect()
    });
    let text = search_text(&row.id, row.email.as_deref(), &row.name, row.phone.as_deref(), &labels);
    let what = "the text of the search is not what id, email, name, phone and labels fold to";
    found.unless(row.search == text, what, || set("search", text.clone()));
    if engine == Engine::Postgres {
        compare_index(&mut found, Index::Users, project, beside.index.get(&seq), text);
    }
    found
}

fn label_row(statement: &'static str, project: ProjectKey, label: &str, seq: i64) -> Sql {
    sql(statement).bind(project).bind(label).bind(seq)
}

/// What is said of a row that the index of the search does not have.
pub(super) const MISSING: &str = "the index of the search does not have it";

/// What is said of a row of which the index of the search has another text.
pub(super) const OTHER: &str = "the index of the search has another text of it";

/// Compares what PostgreSQL has in an index of the search with what it should.
pub(super) fn compare_index(
    found: &mut Suspect,
    index: Index,
    project: ProjectKey,
    kept: Option<&(String, String)>,
    text: String,
) {
    let what = if kept.is_some() { OTHER } else { MISSING };
    let right = kept.is_some_and(|(kept, grams)| *kept == text && *grams == search::stored(project, &text));
    let seq = found.seq;
    found.unless(right, what, || vec![Mend::Index(index, seq, text)]);
}
