//! Identities and passkeys: what is folded in their rows.

use std::collections::HashMap;

use super::rows::{Page, Range, Suspect};
use super::users::compare_index;
use super::{At, Mend};
use crate::fold::fold;
use crate::store::identities::search_text;
use crate::store::row::record;
use crate::store::search::Index;
use crate::store::{Engine, ProjectKey, Result, sql};

struct Identity {
    seq: i64,
    id: String,
    provider_uid: String,
    provider_email: String,
    provider_email_folded: String,
    search: String,
}

record! {
    Identity {
        seq, id, provider_uid, provider_email, provider_email_folded, search,
    }
}

pub(super) async fn identities(at: &mut At<'_>, project: ProjectKey, range: Range) -> Result<Page> {
    let select = sql("SELECT seq, id, provider_uid, provider_email, provider_email_folded, search FROM identities \
         WHERE project = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4");
    let rows: Vec<Identity> = at.all(select.bind(project).bind(range.after).bind(range.to).bind(range.most)).await?;
    let mut page = Page::of(rows.iter().map(|row| row.seq));
    let Some(last) = page.last else { return Ok(page) };
    let mut index = HashMap::new();
    if at.engine() == Engine::Postgres {
        let select = sql("SELECT seq, text, CAST(grams AS TEXT) FROM identity_search \
             WHERE project = $1 AND seq > $2 AND seq <= $3");
        for (seq, text, grams) in
            at.all::<(i64, String, String)>(select.bind(project).bind(range.after).bind(last)).await?
        {
            index.insert(seq, (text, grams));
        }
    }
    for row in rows {
        let seq = row.seq;
        let mut found = Suspect::new(seq, format!("identity {}", row.id));
        let folded = fold(&row.provider_email);
        let what = "provider_email_folded is not what the email address folds to";
        found.unless(row.provider_email_folded == folded, what, || {
            let update = sql("UPDATE identities SET provider_email_folded = $3 WHERE project = $1 AND seq = $2");
            vec![Mend::Run(update.bind(project).bind(seq).bind(folded))]
        });
        let text = search_text(&row.provider_uid, &row.provider_email);
        let what = "the text of the search is not what provider uid and email address fold to";
        found.unless(row.search == text, what, || {
            let update = sql("UPDATE identities SET search = $3 WHERE project = $1 AND seq = $2");
            vec![Mend::Run(update.bind(project).bind(seq).bind(&text))]
        });
        if at.engine() == Engine::Postgres {
            compare_index(&mut found, Index::Identities, project, index.get(&seq), text);
        }
        page.add(found);
    }
    Ok(page)
}

struct Passkey {
    seq: i64,
    id: String,
    name: String,
    name_folded: String,
}

record! { Passkey { seq, id, name, name_folded } }

pub(super) async fn passkeys(at: &mut At<'_>, project: ProjectKey, range: Range) -> Result<Page> {
    let select = sql("SELECT seq, id, name, name_folded FROM passkeys \
         WHERE project = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4");
    let rows: Vec<Passkey> = at.all(select.bind(project).bind(range.after).bind(range.to).bind(range.most)).await?;
    let mut page = Page::of(rows.iter().map(|row| row.seq));
    for row in rows {
        let (seq, folded) = (row.seq, fold(&row.name));
        let mut found = Suspect::new(seq, format!("passkey {}", row.id));
        found.unless(row.name_folded == folded, "name_folded is not what the name folds to", || {
            let update = sql("UPDATE passkeys SET name_folded = $3 WHERE project = $1 AND seq = $2");
            vec![Mend::Run(update.bind(project).bind(seq).bind(folded))]
        });
        page.add(found);
    }
    Ok(page)
}
