//! A checksum inside of a copy, since SQLite has none: a byte that a disk has changed in a name would pass every check of its own.
//!
//! The header of a file of SQLite has two numbers that are the application's to use, `user_version` and `application_id`. In a
//! copy they hold the first eight bytes of the SHA-256 of the file, in which they count as zeros. A copy is one file that way,
//! which any SQLite can read. Usher uses neither number, so in a database, or a copy that others have made, both are zero.

use std::fs::{File, OpenOptions};
use std::io::{Error, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Where the two numbers are, of four bytes each.
const PLACES: [u64; 2] = [60, 68];

/// Bytes that are read at a time; the first ones hold the header.
const PIECE: usize = 1 << 20;

type Checksum = [[u8; 4]; 2];

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its checksum is that of its bytes.
    Right,
    /// It is not.
    Wrong,
    /// It has none.
    Absent,
}

/// Puts the checksum into a file that has none.
pub(super) fn write(path: &Path, ended: &impl Fn() -> bool) -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let checksum = of(&mut file, ended)?;
    put(&file, checksum)
}

/// Compares the checksum of a file with its bytes, and takes it out.
pub(super) fn take(path: &Path) -> std::io::Result<Verdict> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut found = Checksum::default();
    for (place, number) in PLACES.into_iter().zip(&mut found) {
        if file.metadata()?.len() < place + 4 {
            return Ok(Verdict::Absent);
        }
        file.read_exact_at(number, place)?;
    }
    if found == Checksum::default() {
        return Ok(Verdict::Absent);
    }
    let verdict = if of(&mut file, &|| false)? == found { Verdict::Right } else { Verdict::Wrong };
    put(&file, Checksum::default())?;
    Ok(verdict)
}

fn put(file: &File, checksum: Checksum) -> std::io::Result<()> {
    PLACES.into_iter().zip(checksum).try_for_each(|(place, number)| file.write_all_at(&number, place))
}

fn of(file: &mut File, ended: &impl Fn() -> bool) -> std::io::Result<Checksum> {
    let (mut sum, mut piece, mut first) = (Sha256::new(), vec![0; PIECE], true);
    loop {
        if ended() {
            return Err(Error::other("interrupted"));
        }
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        if std::mem::take(&mut first) {
            for place in PLACES {
                // Both are in the first hundred bytes, and a read of a file gives that many where they are.
                let place = usize::try_from(place).unwrap_or_default();
                piece.iter_mut().skip(place).take(4).for_each(|byte| *byte = 0);
            }
        }
        sum.update(piece.get(..read).unwrap_or_default());
    }
    let mut checksum = Checksum::default();
    let digest = sum.finalize();
    checksum.iter_mut().flatten().zip(digest).for_each(|(byte, of)| *byte = of);
    Ok(checksum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_byte_that_is_changed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let bytes: Vec<u8> = (0..300_u32).map(|n| (n % 251) as u8).collect();
        let mut bytes = bytes;
        bytes[60..64].fill(0);
        bytes[68..72].fill(0);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(take(&path).unwrap(), Verdict::Absent);
        write(&path, &|| false).unwrap();
        let written = std::fs::read(&path).unwrap();
        assert_eq!(take(&path).unwrap(), Verdict::Right);
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "the checksum is taken out");
        for at in 0..written.len() {
            let mut flipped = written.clone();
            flipped[at] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert_eq!(take(&path).unwrap(), Verdict::Wrong, "{at}");
        }
        std::fs::write(&path, &written[..written.len() - 1]).unwrap();
        assert_eq!(take(&path).unwrap(), Verdict::Wrong);
        std::fs::write(&path, &written[..70]).unwrap();
        assert_eq!(take(&path).unwrap(), Verdict::Absent);
    }

    #[test]
    fn who_has_left_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        std::fs::write(&path, [1; 100]).unwrap();
        assert_eq!(write(&path, &|| true).unwrap_err().to_string(), "interrupted");
    }
}
