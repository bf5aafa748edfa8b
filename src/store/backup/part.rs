//! A file that is being written, and has its real name only once it is whole and on the disk.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::PART;
use crate::secret::{hex, random};

/// A file that is removed again unless it gets its name.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    /// An empty file for its owner only, in the folder of `target`. Each has a name of its own, so nobody else writes to it.
    pub(super) fn beside(target: &Path) -> anyhow::Result<Self> {
        if target.file_name().is_none() {
            bail!("{} is no name of a file", target.display());
        }
        let path = with_ending(target, &format!("{PART}{}", hex(&random::<4>())));
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = made.with_context(|| format!("{} cannot be written", target.display()))?;
        Ok(Self { path, file })
    }

    /// Where it is until then.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that was made, whatever has its name meanwhile.
    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// Puts it on the disk, and gives it its name. Another file of that name is replaced or, unless `replace` says so, an error.
    pub(super) fn name(self, name: &Path, replace: bool) -> anyhow::Result<()> {
        let failed = || format!("{} cannot be written", name.display());
        self.file.sync_all().with_context(failed)?;
        if !replace {
            match std::fs::hard_link(&self.path, name) {
                Ok(()) => return sync_folder(name).with_context(failed),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!("{} exists already", name.display()),
                // A file system without links, where others may make the file between this and the next line.
                Err(_) if name.try_exists().with_context(failed)? => bail!("{} exists already", name.display()),
                Err(_) => {}
            }
        }
        std::fs::rename(&self.path, name).and_then(|()| sync_folder(name)).with_context(failed)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It is gone when it was given its name by being renamed.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Puts what happened to the name of a file on the disk.
pub(super) fn sync_folder(of: &Path) -> std::io::Result<()> {
    File::open(folder(of))?.sync_all()
}

/// The folder that a name is in.
pub fn folder(of: &Path) -> &Path {
    of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name with something behind it.
pub(in crate::store) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
