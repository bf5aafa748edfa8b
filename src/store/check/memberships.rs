//! Memberships with the rows of their roles, and teams with the number of their members.

use std::collections::{BTreeSet, HashMap};

use super::rows::{Page, Range, Suspect};
use super::{At, Mend};
use crate::store::row::record;
use crate::store::{ProjectKey, Result, sql};

pub(super) async fn look(at: &mut At<'_>, project: ProjectKey, range: Range) -> Result<Page> {
    let select = sql("SELECT seq, id, roles FROM memberships \
         WHERE project = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4");
    let rows: Vec<(i64, String, String)> =
        at.all(select.bind(project).bind(range.after).bind(range.to).bind(range.most)).await?;
    let mut page = Page::of(rows.iter().map(|row| row.0));
    let Some(last) = page.last else { return Ok(page) };
    let mut kept: HashMap<i64, BTreeSet<String>> = HashMap::new();
    let select = sql("SELECT membership_seq, role FROM membership_roles \
         WHERE +project = $1 AND membership_seq > $2 AND membership_seq <= $3");
    for (seq, role) in at.all::<(i64, String)>(select.bind(project).bind(range.after).bind(last)).await? {
        kept.entry(seq).or_default().insert(role);
    }
    for (seq, id, roles) in rows {
        let mut found = Suspect::new(seq, format!("membership {id}"));
        match serde_json::from_str::<BTreeSet<String>>(&roles) {
            Err(_) => found.wrong.push(("the roles are no JSON list of texts", None)),
            Ok(roles) => {
                let kept = kept.remove(&seq).unwrap_or_default();
                let change = |statement, role: &String| Mend::Run(sql(statement).bind(project).bind(role).bind(seq));
                found.unless(kept == roles, "membership_roles has other roles than the membership", || {
                    let delete =
                        "DELETE FROM membership_roles WHERE project = $1 AND role = $2 AND membership_seq = $3";
                    let insert = "INSERT INTO membership_roles (project, role, membership_seq) VALUES ($1, $2, $3)";
                    let gone = kept.difference(&roles).map(|role| change(delete, role));
                    gone.chain(roles.difference(&kept).map(|role| change(insert, role))).collect()
                });
            }
        }
        page.add(found);
    }
    Ok(page)
}

struct Team {
    seq: i64,
    id: String,
    total: i64,
    members: i64,
}

record! { Team { seq, id, total, members } }

pub(super) async fn teams(at: &mut At<'_>, project: ProjectKey, range: Range) -> Result<Page> {
    let select = sql("SELECT t.seq, t.id, t.total, (SELECT count(*) FROM memberships m WHERE m.project = t.project \
         AND m.team_id = t.id AND m.confirm) AS members FROM teams t \
         WHERE t.project = $1 AND t.seq > $2 AND t.seq <= $3 ORDER BY t.seq LIMIT $4");
    let rows: Vec<Team> = at.all(select.bind(project).bind(range.after).bind(range.to).bind(range.most)).await?;
    let mut page = Page::of(rows.iter().map(|row| row.seq));
    for Team { seq, id, total, members } in rows {
        let mut found = Suspect::new(seq, format!("team {id}"));
        found.unless(total == members, "the total is not the number of its confirmed members", || {
            let update = sql("UPDATE teams SET total = $3 WHERE project = $1 AND seq = $2");
            vec![Mend::Run(update.bind(project).bind(seq).bind(members))]
        });
        page.add(found);
    }
    Ok(page)
}
