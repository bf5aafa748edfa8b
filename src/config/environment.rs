//! The environment of the process, with the file `.env` under it.

use std::collections::BTreeSet;
use std::ffi::OsString;

use anyhow::{Context as _, bail};

use super::Config;
use super::variables::{Given, Origin, Setting, Variables};

/// Names that are meant for others: docker-compose.yml has the variable too.
const OF_OTHERS: [&str; 1] = ["USHER_PUBLISH"];

/// The environment.
#[derive(Debug)]
pub struct Environment {
    /// The names that the process had without the file.
    own: BTreeSet<OsString>,
}

/// What the environment says.
#[derive(Debug)]
pub struct Reading {
    /// The configuration, or everything that is wrong with it, a line each.
    pub config: anyhow::Result<Config>,
    /// What is in force, in the order in which it is read. Not complete when something is wrong.
    pub settings: Vec<Setting>,
    /// Variables that are called as those of Usher are and that nothing reads.
    pub unknown: Vec<String>,
}

impl Environment {
    /// Reads the file `.env` in the working directory, if there is one, into the environment of the process.
    ///
    /// # Errors
    /// When it cannot be read. Its lines may hold secrets, so none of them is shown.
    pub fn load() -> anyhow::Result<Self> {
        let own = std::env::vars_os().map(|(name, _)| name).collect();
        // Not `dotenv()`, which also looks in every folder above.
        match dotenvy::from_path(".env") {
            Ok(()) => {}
            Err(error) if error.not_found() => {}
            Err(dotenvy::Error::LineParse(line, _)) => match line.split_once('=') {
                Some((name, _)) if is_name(name.trim()) => {
                    bail!("the file .env cannot be read: the value of {} is not written as it must be", name.trim())
                }
                _ => match line_of(&line) {
                    Some(number) => bail!("the file .env cannot be read: line {number} is not NAME=VALUE"),
                    None => bail!("the file .env cannot be read: one of its lines is not NAME=VALUE"),
                },
            },
            Err(error) => return Err(error).context("the file .env cannot be read"),
        }
        Ok(Self { own })
    }

    /// Reads the configuration.
    #[must_use]
    pub fn read(&self) -> Reading {
        let given = |name: &str| {
            let text = std::env::var_os(name)?.into_string().map_err(|_| "in UTF-8");
            let is_own = self.own.contains(std::ffi::OsStr::new(name));
            Some(Given { text, origin: if is_own { Origin::Environment } else { Origin::DotEnv } })
        };
        let mut variables = Variables::new(&given);
        let config = Config::of(&mut variables);
        let config = variables.complaints().and(config);
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        Reading { config, unknown: unknown(names, &variables.known), settings: variables.settings }
    }
}

/// Those of the names that begin as the known ones do, and are none of them.
fn unknown(names: impl Iterator<Item = String>, known: &[&str]) -> Vec<String> {
    let names: BTreeSet<String> = names.filter(|name| name.starts_with("USHER_")).collect();
    // Kubernetes tells every process where the service `usher` is, in variables that begin so.
    let in_cluster = names.contains("USHER_SERVICE_HOST");
    let of_cluster = |name: &str| in_cluster && (name.starts_with("USHER_SERVICE_") || name.starts_with("USHER_PORT"));
    let is_known = |name: &str| known.contains(&name) || OF_OTHERS.contains(&name) || of_cluster(name);
    names.into_iter().filter(|name| !is_known(name)).collect()
}

/// Where the file has this line.
fn line_of(line: &str) -> Option<usize> {
    let text = std::fs::read_to_string(".env").ok()?;
    text.lines().position(|found| found.trim() == line.trim()).map(|index| index + 1)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nothing_reads_are_found() {
        let of = |names: &[&str]| {
            unknown(names.iter().map(|name| (*name).to_owned()), &["USHER_LISTEN", "USHER_SECRET"]).join(" ")
        };
        assert_eq!(of(&["USHER_LISTEN", "PATH", "usher_listen", "USHER", "USHER_PUBLISH", "DATABASE_URL"]), "");
        assert_eq!(
            of(&["USHER_SECRT", "USHER_LISTN", "USHER_LISTEN_FILE"]),
            "USHER_LISTEN_FILE USHER_LISTN USHER_SECRT"
        );
        let port = ["USHER_PORT", "USHER_PORT_8080_TCP", "USHER_PORT_8080_TCP_ADDR"];
        assert_eq!(of(&port), port.join(" "));
        let cluster = [&port[..], &["USHER_SERVICE_HOST", "USHER_SERVICE_PORT", "USHER_SERVICE_PORT_HTTP"]].concat();
        assert_eq!(of(&cluster), "");
        assert_eq!(of(&[&cluster[..], &["USHER_LISTN"]].concat()), "USHER_LISTN");
    }
}
