//! Hands what libFuzzer makes up to the body of the target `credentials`.
#![no_main]

mod local;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static LOCAL: LazyLock<local::Local> = LazyLock::new(local::Local::start);

fuzz_target!(|input: &[u8]| LOCAL.run(usher_fuzz::credentials::run, input));
