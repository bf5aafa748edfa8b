//! `usher completions` and `usher man`: about the program alone, whatever is configured around it.

use std::collections::BTreeSet;
use std::fs::{File, read_dir, read_to_string};
use std::process::{Command, Stdio};

use super::Place;
use super::process::text;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// What nothing else starts with.
const WRONG: [(&str, &str); 2] = [("USHER_LISTEN", "nowhere"), ("DATABASE_URL", "mysql://localhost")];

/// The commands that `usher --help` lists, and those of each.
fn commands(place: &Place, of: &[&str]) -> Vec<String> {
    let help = place.prints(&[of, &["--help"]].concat());
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_shell_completes_every_command() {
    let place = Place::sqlite();
    let names = commands(&place, &[]);
    assert!(names.len() > 8, "{names:?}");
    for shell in SHELLS {
        let output = place.run(&["completions", shell], &WRONG);
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{shell}");
        let script = text(&output.stdout);
        for name in &names {
            assert!(script.contains(name), "{shell} does not know {name}");
        }
    }
    assert_eq!(read_dir(place.folder.path()).unwrap().count(), 0);
    place.fails(&["completions"], &[], "<SHELL>");
    place.fails(&["completions", "tcsh"], &[], "[possible values: bash, elvish, fish, powershell, zsh]");
}

#[test]
fn bash_completes_what_is_typed() {
    let place = Place::sqlite();
    std::fs::write(place.folder.path().join("usher.bash"), place.prints(&["completions", "bash"])).unwrap();
    let completed = |words: &str| {
        let script = format!(
            "source usher.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _usher usher \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[*]}}\""
        );
        let output = Command::new("bash").arg("-c").arg(script).current_dir(place.folder.path()).output().unwrap();
        assert_eq!(text(&output.stderr), "");
        text(&output.stdout).trim().to_owned()
    };
    assert_eq!(completed("usher proj"), "project");
    assert_eq!(completed("usher key re"), "revoke");
    assert_eq!(completed("usher config check --conn"), "--connect");
    assert_eq!(completed("usher nothing"), "");
}

#[test]
fn there_is_a_page_for_every_command() {
    let place = Place::sqlite();
    let folder = place.folder.path().join("share/man1");
    let output = place.run(&["man", "share/man1"], &WRONG);
    assert_eq!((output.status.code(), output.stdout, text(&output.stderr).as_str()), (Some(0), vec![], ""));
    let mut expected = BTreeSet::from(["usher.1".to_owned()]);
    for name in commands(&place, &[]) {
        expected.extend(commands(&place, &[&name]).iter().map(|below| format!("usher-{name}-{below}.1")));
        expected.insert(format!("usher-{name}.1"));
    }
    let written = read_dir(&folder).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap());
    assert_eq!(written.collect::<BTreeSet<_>>(), expected);
    for page in &expected {
        let page = read_to_string(folder.join(page)).unwrap();
        for section in [".TH usher", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(page.contains(section), "{page}");
        }
    }
    // Once more, over what is there; and the page of the program alone.
    assert!(place.run(&["man", "share/man1"], &[]).status.success());
    assert_eq!(place.prints(&["man"]), read_to_string(folder.join("usher.1")).unwrap());
}

#[test]
fn what_cannot_be_written_is_told() {
    let place = Place::sqlite();
    std::fs::write(place.folder.path().join("file"), "").unwrap();
    for folder in ["file", "file/below", "/proc/none"] {
        place.fails(&["man", folder], &[], &format!("usher: {folder} cannot be written to: "));
    }
    for arguments in [&["man"][..], &["completions", "zsh"]] {
        let full = place.command(arguments, &[]).stdout(File::create("/dev/full").unwrap()).output().unwrap();
        assert_eq!((full.status.code(), text(&full.stderr).contains("No space left")), (Some(1), true));
        // Whoever reads no further, as `head` does, misses the rest and nothing else.
        let mut left = place.command(arguments, &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(left.stdout.take());
        let left = left.wait_with_output().unwrap();
        assert_eq!((left.status.code(), text(&left.stderr).as_str()), (Some(0), ""));
    }
}
