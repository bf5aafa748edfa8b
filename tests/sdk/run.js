'use strict';
// node run.js PART ENDPOINT PROJECT KEY DATABASE RELEASE...
// Runs the scenario of one part once per release, and once per engine where it has several, and judges the results. See
// README.md.
const fs = require('fs'), path = require('path'), { spawnSync } = require('child_process');
const report = require('./common/report.js'), methods = require('./common/methods.js'), releases = require('./common/releases.js');

const [part, endpoint, project, key, database, ...chosen] = process.argv.slice(2);
const python = process.env.PYTHON || 'python3';
const within = (...names) => path.join(__dirname, part, ...names);

// A package of npm is installed under its major version: node_modules/v27
const alias = release => 'v' + release.split('.')[0];
const inNpm = release => {
  const file = within('node_modules', alias(release), 'package.json');
  return fs.existsSync(file) && JSON.parse(fs.readFileSync(file)).version === release;
};
const inNode = file => release => [process.execPath, ['--no-deprecation', within(file), alias(release)], {}];

// engines: in what the scenario runs, when that is more than one thing; each has a column of its own, like 28.0.0/node.
// rows: it wants a user who has what no public call makes.
const PARTS = {
  node: { name: 'node-appwrite', rows: true, installed: inNpm, command: inNode('scenario.js') },
  python: {
    name: 'appwrite (PyPI)',
    rows: true,
    installed: release => fs.existsSync(within('targets', release, `appwrite-${release}.dist-info`)),
    command: release => [python, [within('scenario.py'), release],
      { PYTHONPATH: within('targets', release), PYTHONDONTWRITEBYTECODE: '1' }],
  },
  web: {
    name: 'appwrite (npm, for browsers)',
    engines: ['node', 'chromium'],
    installed: inNpm,
    command: (release, engine) => inNode(engine + '.js')(release),
  },
  rust: {
    name: 'appwrite (Rust crate)',
    rows: true,
    installed: release => fs.existsSync(within('programs', release)),
    command: release => [within('programs', release), [], {}],
  },
  cli: { name: 'appwrite-cli (npm)', installed: inNpm, command: inNode('scenario.js') },
};

async function post(path, body) {
  const answer = await fetch(endpoint + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-appwrite-project': project, 'x-appwrite-key': key },
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
}

// A user with a session, who is a member of a team and has two identities.
async function userWithRows(release) {
  const userId = part[0] + release.replace(/\D/g, '') + Math.random().toString(36).slice(2, 10);
  await post('/users', { userId, email: userId + '@example.org', name: 'Rows ' + userId });
  await post(`/users/${userId}/sessions`, {});
  const rows = spawnSync(python, [path.join(__dirname, 'common', 'rows.py'), database, project, userId], { encoding: 'utf8' });
  if (rows.status !== 0) throw new Error('rows.py: ' + (rows.error || rows.stderr.trim().split('\n').pop()));
  return userId;
}

async function run(release, engine) {
  const sdk = engine ? `${release}/${engine}` : release;
  if (!PARTS[part].installed(release)) return { sdk, results: [], crash: 'not installed' };
  const [program, args, env] = PARTS[part].command(release, engine);
  const started = Date.now();
  if (PARTS[part].rows) {
    try { args.push(endpoint, project, key, await userWithRows(release)); } catch (e) { return { sdk, results: [], crash: e.message }; }
  } else args.push(endpoint, project, key);
  const run = spawnSync(program, args, { encoding: 'utf8', timeout: 180e3, maxBuffer: 64 << 20, env: { ...process.env, ...env } });
  const seconds = (Date.now() - started) / 1000;
  try {
    const result = JSON.parse((run.stdout || '').trim().split('\n').pop());
    if (run.error) result.crash = run.error.message; // it took too long
    if (run.status !== 0 && !result.crash) result.crash = `ended with ${run.status === null ? run.signal : run.status}`;
    if (result.sdk !== release && !result.crash) result.crash = `release ${result.sdk} answered instead`;
    if (!result.crash) result.results.push(...methods(result));
    return { ...result, sdk, seconds };
  } catch (e) {
    const lines = String(run.error || run.stderr || '').trim().split('\n');
    const why = lines.filter(line => /^\w*(Error|Exception)\b/.test(line)).pop() || lines.pop();
    return { sdk, results: [], seconds, crash: why || `no result, ended with ${run.status === null ? run.signal : run.status}` };
  }
}

(async () => {
  const runs = [];
  for (const release of chosen) for (const engine of PARTS[part].engines || [undefined]) runs.push(await run(release, engine));
  const { name, engines } = PARTS[part];
  process.exit(report({ part, name, engines, all: releases.all(part), always: releases.always(part), chosen }, runs, within('expected.txt')) ? 0 : 1);
})();
