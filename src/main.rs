//! The program `usher`.

use std::process::ExitCode;

/// Half the cost of glibc's for many small things, of which every request has dozens.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    usher::cli::main()
}
