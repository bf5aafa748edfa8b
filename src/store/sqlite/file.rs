//! The file of a database: made when it is missing, and known again while it is open.

use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::store::{Error, Result};

/// A name, and the file that it stood for when the database was opened.
#[derive(Debug, Clone)]
pub(in crate::store) struct DatabaseFile {
    path: PathBuf,
    device: u64,
    number: u64,
}

impl DatabaseFile {
    /// Makes the file and its folder when they are missing, readable by nobody else. SQLite gives the files beside it the same rights.
    ///
    /// # Errors
    /// [`Error::Other`], since what is wrong with a folder or a file stays wrong.
    pub(in crate::store) fn prepare(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|why| Error::Other(format!("the folder {} cannot be made: {why}", folder.display()).into()))?;
        }
        let opened = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        opened.map_err(|why| Error::Other(format!("{} cannot be written: {why}", path.display()).into()))?;
        Self::of(path)
    }

    /// The file that has this name now.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let file = std::fs::metadata(path)?;
        Ok(Self { path: path.to_owned(), device: file.dev(), number: file.ino() })
    }

    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the name still stands for the file. SQLite finds the log of a database by name: it would take that of this file for
    /// the log of another one, and damage that one with it. And what is written to a file without a name is lost.
    pub(in crate::store) fn in_place(&self) -> Result<()> {
        match std::fs::metadata(&self.path) {
            Ok(file) if (file.dev(), file.ino()) == (self.device, self.number) => Ok(()),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Err(Error::Busy(
                format!(
                    "{} was replaced or removed while it was open; stop the server before anything is put in its place",
                    self.path.display()
                )
                .into(),
            )),
        }
    }
}
