//! Hands what libFuzzer makes up to the body of the target `json`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| usher_fuzz::json::run(input));
