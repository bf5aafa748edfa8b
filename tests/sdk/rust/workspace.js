'use strict';
// node workspace.js FOLDER RELEASE...: writes a cargo workspace there, with a program for each release.
// node workspace.js FOLDER methods: gives each program, after `cargo fetch`, the methods that its release has.
const fs = require('fs'), path = require('path'), { execFileSync } = require('child_process');

const [folder, ...rest] = process.argv.slice(2);
const within = (...names) => path.join(folder, ...names);
const member = release => 'sdk-' + release.replace(/\./g, '-');

function write(release, { format, methods }) {
  fs.mkdirSync(within(member(release)), { recursive: true });
  fs.writeFileSync(within(member(release), 'Cargo.toml'), `[package]
name = "${member(release)}"
version = "0.0.0"
edition = "2024"

[[bin]]
name = "${member(release)}"
path = "main.rs"

[features]
default = [${methods.map(name => `"${name}"`).join(', ')}]
${methods.map(name => `${name} = []\n`).join('')}
[dependencies]
appwrite = "=${release}"
serde = "1"
serde_json = "1"
tokio = { version = "1", features = ["rt", "macros"] }

[lints.rust]
unexpected_cfgs = "allow"
`);
  fs.writeFileSync(within(member(release), 'main.rs'), `#[macro_use]
#[path = "${path.join(__dirname, 'harness.rs')}"]
mod harness;
#[path = "${path.join(__dirname, 'scenario.rs')}"]
mod scenario;

fn main() {
    scenario::run("${release}", "${format}", &[${methods.map(name => `"${name}"`).join(', ')}]);
}
`);
}

if (rest[0] !== 'methods') {
  fs.writeFileSync(within('Cargo.toml'), `[workspace]
resolver = "3"
members = [${rest.map(release => `"${member(release)}"`).join(', ')}]

[profile.dev]
debug = false
incremental = false
`);
  for (const release of rest) write(release, { format: '', methods: [] });
} else {
  const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--offline', '--format-version', '1'], { cwd: folder, encoding: 'utf8', maxBuffer: 256 << 20 }));
  for (const { name, version, manifest_path } of metadata.packages) {
    if (name !== 'appwrite') continue;
    const source = file => fs.readFileSync(path.join(path.dirname(manifest_path), 'src', file), 'utf8');
    const methods = [...source('services/users.rs').matchAll(/^ {4}pub async fn (\w+)/gm)].map(found => found[1]);
    const [, format] = source('client.rs').match(/"X-Appwrite-Response-Format", "([^"]*)"/i) || [];
    if (methods.length < 28 || !format) throw new Error(`appwrite ${version} is not read as this script expects`);
    write(version, { format, methods });
  }
}
