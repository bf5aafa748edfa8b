//! Whose a restored database is: root often restores what a service with a user of its own reads.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown, lchown};
use std::path::Path;

use anyhow::Context as _;
use rustix::process::geteuid;

use super::part::folder;

/// What the group of a database may do with it.
const OF_GROUP: u32 = 0o060;

/// Gives a file to whoever has the one that it will replace, whose group may do with it what it could. Where there is none, root
/// gives it to whoever has the folder.
pub(super) fn give(file: &File, target: &Path) -> anyhow::Result<()> {
    match std::fs::metadata(target) {
        Ok(replaced) => {
            change(file, target, &replaced)?;
            let mode = 0o600 | (replaced.mode() & OF_GROUP);
            file.set_permissions(Permissions::from_mode(mode)).with_context(|| target.display().to_string())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = folder(target);
            match geteuid().is_root() {
                true => change(file, folder, &folder.metadata().with_context(|| folder.display().to_string())?),
                false => Ok(()),
            }
        }
        Err(error) => Err(error).with_context(|| target.display().to_string()),
    }
}

fn change(file: &File, of: &Path, owner: &Metadata) -> anyhow::Result<()> {
    let (user, group) = (owner.uid(), owner.gid());
    let made = file.metadata()?;
    if (made.uid(), made.gid()) == (user, group) {
        return Ok(());
    }
    fchown(file, Some(user), Some(group)).with_context(|| {
        format!(
            "{} belongs to user {user} and group {group}, whom the restored file cannot be given to; restore it as root",
            of.display()
        )
    })
}

/// Makes a folder that is missing, for its owner only. What root makes in a folder of somebody else is theirs.
pub(super) fn make_folder(path: &Path) -> anyhow::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.as_os_str().is_empty()).collect();
    for path in missing.into_iter().rev().filter(|path| !path.is_dir()) {
        make_one(path).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn make_one(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    if geteuid().is_root() {
        let owner = folder(path).metadata()?;
        // Whoever has the folder may have put a link in the place of this one.
        lchown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}
