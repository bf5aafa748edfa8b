//! What one Argon2id hash at the default cost takes: milliseconds of wall clock and of CPU.
//!
//! `cargo bench --bench hashing -- [ROUNDS [PROGRAM]]` computes it in several ways in turn, so that whatever else runs
//! on the machine meets all of them alike, and prints a Markdown table. `PROGRAM` is `libargon2.c`, compiled.
//! `cargo bench --bench hashing -- each` computes one hash for each line of standard input, the way the server does,
//! and answers with its two times. `scripts/measure` uses both.
#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use rustix::time::{ClockId, clock_gettime};
use usher::hashing::{Cost, Memory, Pool, hash};

const PLAIN: &[u8] = b"correct horse battery staple";
/// Where the salt is not random. `libargon2.c` has the same two.
const SALT: &[u8] = b"sixteen bytes ok";
const ROUNDS: usize = 40;

/// Milliseconds.
#[derive(Clone, Copy)]
struct Times {
    wall: f64,
    cpu: f64,
}

/// One way to compute the hash.
struct Way<'a> {
    name: &'static str,
    /// Computes it once.
    compute: Box<dyn FnMut() -> anyhow::Result<Times> + 'a>,
}

fn main() -> anyhow::Result<()> {
    // cargo adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["each"] => each(),
        [] => compare(ROUNDS, None),
        [rounds] => compare(rounds.parse()?, None),
        [rounds, program] => compare(rounds.parse()?, Some(program)),
        _ => anyhow::bail!("usage: [ROUNDS [PROGRAM]] or each"),
    }
}

fn each() -> anyhow::Result<()> {
    let mut memory = Memory::default();
    for line in std::io::stdin().lines() {
        line?;
        let Times { wall, cpu } = time(|| Ok(hash(PLAIN, &Cost::default(), &mut memory)?))?;
        println!("{wall:.3} {cpu:.3}");
    }
    Ok(())
}

fn compare(rounds: usize, program: Option<&str>) -> anyhow::Result<()> {
    ensure!(rounds > 0, "at least one round");
    let cost = Cost::default();
    let mut memory = Memory::default();
    let pool = Pool::new(1, 1, cost)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut ways = vec![
        Way { name: "Usher, memory kept", compute: Box::new(|| time(|| Ok(hash(PLAIN, &cost, &mut memory)?))) },
        Way {
            name: "Usher, through its pool",
            compute: Box::new(|| time(|| Ok(runtime.block_on(pool.hash(PLAIN.to_vec()))?))),
        },
        Way { name: "the `argon2` crate, plain call", compute: Box::new(|| time(|| plain_call(&cost))) },
    ];
    if let Some(program) = program {
        ways.push(libargon2("C libargon2, plain call", program, "plain")?);
        ways.push(libargon2("C libargon2, memory kept", program, "kept")?);
    }
    let mut taken = vec![Vec::with_capacity(rounds); ways.len()];
    // The first round fetches memory and caches, and does not count.
    for round in 0..=rounds {
        for (way, taken) in ways.iter_mut().zip(&mut taken) {
            let times = (way.compute)()?;
            if round > 0 {
                taken.push(times);
            }
        }
    }
    println!("| One Argon2id hash, {cost}; ms, {rounds} rounds | CPU median | CPU min | wall median | wall min |");
    println!("| --- | --: | --: | --: | --: |");
    for (way, taken) in ways.iter().zip(&taken) {
        let (cpu, least_cpu) = median_and_least(taken.iter().map(|times| times.cpu));
        let (wall, least_wall) = median_and_least(taken.iter().map(|times| times.wall));
        println!("| {} | {cpu:.1} | {least_cpu:.1} | {wall:.1} | {least_wall:.1} |", way.name);
    }
    Ok(())
}

/// What one writes who knows the crate and not its memory.
fn plain_call(cost: &Cost) -> anyhow::Result<[u8; 32]> {
    let mut output = [0; 32];
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(output.len())).map_err(anyhow::Error::msg)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(PLAIN, SALT, &mut output)
        .map_err(anyhow::Error::msg)?;
    Ok(output)
}

/// The reference implementation, in a process of its own that computes one hash for each line it is sent.
fn libargon2(name: &'static str, program: &str, how: &str) -> anyhow::Result<Way<'static>> {
    let mut child = Command::new(program).arg(how).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut questions = child.stdin.take().context("its input is piped")?;
    let mut answers = BufReader::new(child.stdout.take().context("its output is piped")?).lines();
    let expected: String = plain_call(&Cost::default())?.iter().map(|byte| format!("{byte:02x}")).collect();
    let compute = move || {
        questions.write_all(b"\n")?;
        let answer = answers.next().context("libargon2 gave up")??;
        let [wall, cpu, output] = answer.split(' ').collect::<Vec<_>>()[..] else {
            anyhow::bail!("libargon2 says {answer:?}");
        };
        ensure!(output == expected, "libargon2 computes {output}, the crate {expected}");
        Ok(Times { wall: wall.parse()?, cpu: cpu.parse()? })
    };
    Ok(Way { name, compute: Box::new(compute) })
}

/// The CPU time is that of the process, all threads of it.
fn time<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<Times> {
    let (cpu, wall) = (cpu_time()?, Instant::now());
    std::hint::black_box(work()?);
    let wall = wall.elapsed();
    Ok(Times { wall: milliseconds(wall), cpu: milliseconds(cpu_time()? - cpu) })
}

fn cpu_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median_and_least(times: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    let (middle, half) = (times.len() / 2, times.len() % 2);
    (if half == 1 { times[middle] } else { f64::midpoint(times[middle - 1], times[middle]) }, times[0])
}
