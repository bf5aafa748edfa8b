'use strict';
// node run.js node|python|web ENDPOINT PROJECT KEY [RELEASE...]
// Runs the scenario of one part once per release, and once per engine where it has several, and judges the results. See
// README.md.
const fs = require('fs'), path = require('path'), { spawnSync } = require('child_process');
const report = require('./common/report.js');

const [part, endpoint, project, key, ...only] = process.argv.slice(2);
const required = fs.readFileSync(path.join(__dirname, 'releases.txt'), 'utf8').split('\n')
  .filter(line => line.startsWith(part + ' '))[0].split(' ').slice(1);
const unknown = only.filter(release => !required.includes(release));
if (unknown.length) {
  console.error(`not in releases.txt: ${unknown.join(' ')}`);
  process.exit(2);
}
const releases = only.length ? required.filter(release => only.includes(release)) : required;

// A package of npm is installed under its major version: node_modules/v27
const alias = release => 'v' + release.split('.')[0];
const inNpm = part => release => {
  const file = path.join(__dirname, part, 'node_modules', alias(release), 'package.json');
  return fs.existsSync(file) && JSON.parse(fs.readFileSync(file)).version === release;
};

// engines: in what the scenario runs, when that is more than one thing; each has a column of its own, like 28.0.0/node.
const PARTS = {
  node: {
    name: 'node-appwrite',
    installed: inNpm('node'),
    command: release => [process.execPath, ['--no-deprecation', path.join(__dirname, 'node', 'scenario.js'), alias(release)], {}],
  },
  python: {
    name: 'appwrite (PyPI)',
    installed: release => fs.existsSync(path.join(__dirname, 'python', 'targets', release, `appwrite-${release}.dist-info`)),
    command: release => [process.env.PYTHON || 'python3', [path.join(__dirname, 'python', 'scenario.py'), release],
      { PYTHONPATH: path.join(__dirname, 'python', 'targets', release), PYTHONDONTWRITEBYTECODE: '1' }],
  },
  web: {
    name: 'appwrite (npm, for browsers)',
    engines: ['node', 'chromium'],
    installed: inNpm('web'),
    command: (release, engine) => [process.execPath, ['--no-deprecation', path.join(__dirname, 'web', engine + '.js'), alias(release)], {}],
  },
};

function run(release, engine) {
  const sdk = engine ? `${release}/${engine}` : release;
  if (!PARTS[part].installed(release)) return { sdk, results: [], crash: 'not installed' };
  const [program, args, env] = PARTS[part].command(release, engine);
  const started = Date.now();
  const run = spawnSync(program, [...args, endpoint, project, key],
    { encoding: 'utf8', timeout: 180e3, maxBuffer: 64 << 20, env: { ...process.env, ...env } });
  const seconds = (Date.now() - started) / 1000;
  try {
    const result = JSON.parse((run.stdout || '').trim().split('\n').pop());
    if (run.error) result.crash = run.error.message; // it took too long
    if (run.status !== 0 && !result.crash) result.crash = `ended with ${run.status === null ? run.signal : run.status}`;
    if (result.sdk !== release && !result.crash) result.crash = `release ${result.sdk} answered instead`;
    return { ...result, sdk, seconds };
  } catch (e) {
    const lines = String(run.error || run.stderr || '').trim().split('\n');
    const why = lines.filter(line => /^\w*(Error|Exception)\b/.test(line)).pop() || lines.pop();
    return { sdk, results: [], seconds, crash: why || `no result, ended with ${run.status === null ? run.signal : run.status}` };
  }
}
const runs = releases.flatMap(release => (PARTS[part].engines || [undefined]).map(engine => run(release, engine)));

process.exit(report(part, PARTS[part].name, runs, path.join(__dirname, part, 'expected.txt'), releases.length === required.length) ? 0 : 1);
