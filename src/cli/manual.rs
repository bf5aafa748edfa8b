//! `usher completions` and `usher man`: what a package puts beside the program, made of the commands themselves.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Arguments;

/// Prints what completes the commands in a shell.
pub(super) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "usher", &mut script);
    print(&script)
}

/// Prints the page of the program, or writes the pages of all commands into a folder.
pub(super) fn man(folder: Option<PathBuf>) -> anyhow::Result<()> {
    match folder {
        Some(folder) => write_pages(&folder).with_context(|| format!("{} cannot be written to", folder.display())),
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command().disable_help_subcommand(true)).render(&mut page)?;
            print(&page)
        }
    }
}

fn write_pages(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Arguments::command(), folder)
}

/// A reader who has left misses the rest; any other failure, such as a full disk, is told.
fn print(bytes: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
