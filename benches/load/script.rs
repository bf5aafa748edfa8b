//! What PostgreSQL was asked for one request, out of its log, as a script for pgbench that asks the same for others.

use std::io::BufRead;

use anyhow::{Context as _, bail};

/// Prints the script of the statements whose parameters have `marker` in them, the sixteen digits of a user. They become
/// `number`, an expression of pgbench's variable `n`, and so do ids that the server made up, since those may occur once.
///
/// All other parameters stay what they were. Each statement is a transaction by itself.
pub(crate) fn print(log: impl BufRead, marker: &str, setting: &str, number: &str) -> anyhow::Result<()> {
    let (mut statement, mut found) = (None, false);
    println!("{setting}");
    for line in log.lines() {
        let line = line?;
        if let Some((_, rest)) = line.split_once(" LOG:  execute ") {
            statement = rest.split_once(": ").map(|(_, text)| text.to_owned());
        } else if let Some((_, rest)) = line.split_once(" DETAIL:  ")
            && let Some((_, parameters)) = rest.split_once("arameters: ")
            && let Some(text) = statement.take()
            && parameters.contains(marker)
        {
            // A change is refused where the user is not as read; here it is made to any.
            let mut text = text;
            if let Some((before, after)) = text.split_once(" AND search = $") {
                let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
                text = format!("{before} AND search IS NOT NULL{after}");
            }
            println!("{};", filled(&text, &values(parameters)?, marker, number)?);
            found = true;
        }
    }
    if !found {
        bail!("the log has no statement about {marker}");
    }
    Ok(())
}

/// Reads `$1 = 'it''s', $2 = NULL`.
fn values(parameters: &str) -> anyhow::Result<Vec<Option<String>>> {
    let (mut values, mut rest) = (Vec::new(), parameters);
    while let Some((_, value)) = rest.split_once(" = ") {
        if let Some(after) = value.strip_prefix("NULL") {
            values.push(None);
            rest = after;
            continue;
        }
        let mut value = value.strip_prefix('\'').with_context(|| format!("no value at {value:?}"))?;
        let mut text = String::new();
        loop {
            let (part, after) = value.split_once('\'').with_context(|| format!("no end at {value:?}"))?;
            text.push_str(part);
            match after.strip_prefix('\'') {
                Some(more) => {
                    text.push('\'');
                    value = more;
                }
                None => {
                    rest = after;
                    break;
                }
            }
        }
        values.push(Some(text));
    }
    Ok(values)
}

/// The statement with its values in place.
fn filled(text: &str, values: &[Option<String>], marker: &str, number: &str) -> anyhow::Result<String> {
    let mut pieces = text.split('$');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let (place, after) = piece.split_at(end);
        let value = values.get(place.parse::<usize>()? - 1).context("a value is missing")?;
        filled.push_str(&value.as_deref().map_or_else(|| "NULL".into(), |value| literal(value, marker, number)));
        filled.push_str(after);
    }
    Ok(filled)
}

/// A value as an expression. The log does not tell types, but those of this database can be told by their look.
fn literal(value: &str, marker: &str, number: &str) -> String {
    if value.parse::<i64>().is_ok() {
        return format!("CAST('{value}' AS BIGINT)");
    }
    if value == "t" || value == "f" {
        return format!("CAST('{value}' AS BOOLEAN)");
    }
    let number = format!("' || {number} || '");
    // pgbench would take a word behind a colon for a variable.
    let text = value.replace('\'', "''").replace(':', "' || chr(58) || '");
    let text = with_ids(&text, &format!("' || 'bbbb{number}")).replace(marker, &number);
    if text.contains("||") { format!("('{text}')") } else { format!("'{text}'") }
}

/// Puts `other` in the place of every word of twenty hexadecimal digits.
fn with_ids(text: &str, other: &str) -> String {
    let mut with = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let id = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let made_up = id.len() == 20 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        with.push_str(if made_up { other } else { id });
        with.push_str(&word[id.len()..]);
    }
    with
}
