//! Reading variables one by one: each is asked for once, and what was found in it, or is wrong with it, is written down.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::secret::Hidden;

/// Bytes of the largest secret in a file.
const SECRET_MAX: u64 = 64 << 10;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The environment of the process.
    Environment,
    /// The file `.env`.
    DotEnv,
    /// The file that another variable names.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment => f.write_str("environment"),
            Self::DotEnv => f.write_str(".env"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

/// A variable that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value as people may see it, without secrets; empty when there is none.
    pub shown: String,
    /// Where that comes from.
    pub origin: Origin,
}

/// What somebody gave a variable.
pub(super) struct Given {
    /// The text, or what it would have to be.
    pub(super) text: Result<String, &'static str>,
    pub(super) origin: Origin,
}

/// The variables, while they are read.
pub(super) struct Variables<'a> {
    given: &'a dyn Fn(&str) -> Option<Given>,
    /// Names that were asked for.
    pub(super) known: Vec<&'static str>,
    /// What is in force.
    pub(super) settings: Vec<Setting>,
    complaints: Vec<String>,
}

impl<'a> Variables<'a> {
    /// `given` tells what a variable was given, by its name.
    pub(super) fn new(given: &'a dyn Fn(&str) -> Option<Given>) -> Self {
        Self { given, known: Vec::new(), settings: Vec::new(), complaints: Vec::new() }
    }

    /// The value as `read` understands it, or that of `default`. The error of `read` says what is allowed.
    ///
    /// # Errors
    /// When the default itself is wrong.
    pub(super) fn value<T>(
        &mut self,
        name: &'static str,
        default: &str,
        read: impl Fn(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let given = self.find(name);
        match self.take(name, given, &read, |text, _| plain(text)) {
            Some(value) => Ok(value),
            None => read(self.unset(name, default)),
        }
    }

    /// As [`Variables::value`], for what has no default.
    pub(super) fn option<T>(&mut self, name: &'static str, read: impl Fn(&str) -> anyhow::Result<T>) -> Option<T> {
        let given = self.find(name);
        let value = self.take(name, given, &read, |text, _| plain(text));
        if value.is_none() {
            self.unset(name, "");
        }
        value
    }

    /// A secret, which may also be in the file that the variable `file` names.
    pub(super) fn secret(
        &mut self,
        name: &'static str,
        file: &'static str,
        read: impl Fn(&str) -> anyhow::Result<Hidden<String>>,
    ) -> Option<Hidden<String>> {
        let given = self.find_secret(name, file);
        let value = self.take(name, given, &read, |_, value| format!("{value:?}"));
        if value.is_none() {
            self.unset(name, "");
        }
        value
    }

    /// A place that may hold a secret, which its `Debug` does not show. It may also be in the file that `file` names.
    ///
    /// # Errors
    /// When the default itself is wrong.
    pub(super) fn place<T: fmt::Debug>(
        &mut self,
        name: &'static str,
        file: &'static str,
        default: &str,
        read: impl Fn(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let given = self.find_secret(name, file);
        match self.take(name, given, &read, |_, value| plain(&format!("{value:?}"))) {
            Some(value) => Ok(value),
            None => read(self.unset(name, default)),
        }
    }

    /// Whether somebody gave this variable a value.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.look(name).is_some()
    }

    /// Writes down what is wrong.
    pub(super) fn complain(&mut self, what: impl Into<String>) {
        self.complaints.push(what.into());
    }

    /// What is wrong.
    ///
    /// # Errors
    /// All complaints, a line each.
    pub(super) fn complaints(&self) -> anyhow::Result<()> {
        if self.complaints.is_empty() {
            return Ok(());
        }
        bail!("{}", self.complaints.join("\n"))
    }

    /// An empty value is none.
    fn look(&self, name: &str) -> Option<Given> {
        (self.given)(name).filter(|given| given.text.as_ref().map_or(true, |text| !text.trim().is_empty()))
    }

    fn find(&mut self, name: &'static str) -> Option<Given> {
        self.known.push(name);
        self.look(name)
    }

    fn find_secret(&mut self, name: &'static str, file: &'static str) -> Option<Given> {
        let (given, named) = (self.find(name), self.find(file));
        match (given, named) {
            (Some(_), Some(_)) => {
                self.complain(format!("{name} and {file} are both set; only one of them may be"));
                None
            }
            (given, None) => given,
            (None, Some(named)) => {
                let read = named.text.map_err(|allowed| format!("{file} must be {allowed}")).and_then(|path| {
                    let path = PathBuf::from(path.trim());
                    match secret_of_file(&path) {
                        Ok(text) => Ok(Given { text: Ok(text), origin: Origin::File(path) }),
                        Err(reason) => Err(format!(
                            "{file} must name a file that can be read, of 1 to {SECRET_MAX} bytes in UTF-8: {} {reason}",
                            path.display()
                        )),
                    }
                });
                read.map_err(|complaint| self.complain(complaint)).ok()
            }
        }
    }

    /// The value, or `None` after a complaint.
    fn take<T>(
        &mut self,
        name: &'static str,
        given: Option<Given>,
        read: &impl Fn(&str) -> anyhow::Result<T>,
        show: impl Fn(&str, &T) -> String,
    ) -> Option<T> {
        let Given { text, origin } = given?;
        let taken = text.map_err(anyhow::Error::msg).and_then(|text| {
            let value = read(text.trim())?;
            Ok((show(text.trim(), &value), value))
        });
        match taken {
            Ok((shown, value)) => {
                self.settings.push(Setting { name, shown, origin });
                Some(value)
            }
            Err(allowed) => {
                let place = match &origin {
                    Origin::File(path) => format!(" (in the file {} that {name}_FILE names)", path.display()),
                    _ => String::new(),
                };
                self.complain(format!("{name}{place} must be {allowed}"));
                None
            }
        }
    }

    /// Nobody said anything, so the default is in force.
    fn unset<'d>(&mut self, name: &'static str, default: &'d str) -> &'d str {
        self.settings.push(Setting { name, shown: default.to_owned(), origin: Origin::Default });
        default
    }
}

/// A text that stays in its line.
fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        line
    })
}

/// The text of a file, or what is wrong with the file. As with any value, blanks and line ends around it do not count.
pub(crate) fn secret_of_file(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SECRET_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > SECRET_MAX {
        return Err("is larger".into());
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8")?;
    if text.trim().is_empty() { Err("is empty".into()) } else { Ok(text) }
}
