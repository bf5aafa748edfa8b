//! Hands what libFuzzer makes up to the body of the target `params`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| usher_fuzz::params::run(input));
