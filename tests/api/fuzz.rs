//! Replays the inputs of the fuzz targets: those that lead far into the code, and those that once were findings.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;

use crate::support::{TestApp, both};
use targets::scene::Scene;

/// Inputs of a target that are stored at most, and bytes of all of them.
const MOST: (usize, u64) = (200, 300 * 1024);

/// The folder of everything about fuzzing.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// The stored inputs of a target, each with its file.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths = Vec::new();
    for kind in ["corpus", "found"] {
        let Ok(entries) = fs::read_dir(folder().join(kind).join(target)) else { continue };
        paths.extend(entries.map(|entry| entry.unwrap().path()));
    }
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no inputs");
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Runs a target on each of its inputs.
fn replay(target: &str, run: fn(&[u8])) {
    for (path, input) in inputs(target) {
        let done = catch_unwind(|| run(&input));
        assert!(done.is_ok(), "{} is a finding", path.display());
    }
}

/// Runs a target on each of its inputs, with a server.
async fn replay_on(app: &TestApp, target: &str, run: impl AsyncFn(&mut Scene, &[u8])) {
    let mut scene = Scene::new(&app.app).await;
    for (path, input) in inputs(target) {
        let done = AssertUnwindSafe(run(&mut scene, &input)).catch_unwind().await;
        assert!(done.is_ok(), "{} is a finding", path.display());
    }
}

#[test]
fn queries() {
    replay("query", targets::query::run);
}

#[test]
fn parameters() {
    replay("params", targets::params::run);
}

#[test]
fn json() {
    replay("json", targets::json::run);
}

#[test]
fn stored_passwords() {
    replay("passwords", targets::passwords::run);
}

#[test]
fn tokens() {
    replay("jwt", targets::jwt::run);
}

both! {
    async fn credentials(app) {
        replay_on(app, "credentials", targets::credentials::run).await;
    }

    async fn requests(app) {
        replay_on(app, "router", targets::router::run).await;
    }
}

#[test]
fn every_target_has_few_and_small_inputs() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let targets: Vec<&str> =
        manifest.split("[[bin]]\nname = \"").skip(1).filter_map(|bin| bin.split('"').next()).collect();
    assert_eq!(
        targets,
        ["credentials", "json", "jwt", "params", "passwords", "query", "router"],
        "all are replayed here"
    );
    for target in targets {
        let inputs: Vec<_> =
            inputs(target).into_iter().filter(|(path, _)| path.starts_with(folder().join("corpus"))).collect();
        let bytes: usize = inputs.iter().map(|(_, input)| input.len()).sum();
        assert!(inputs.len() <= MOST.0 && bytes as u64 <= MOST.1, "{target}: {} inputs, {bytes} bytes", inputs.len());
    }
}
