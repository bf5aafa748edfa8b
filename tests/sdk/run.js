'use strict';
// node run.js node|python ENDPOINT PROJECT KEY [RELEASE...]
// Runs the scenario of one part once per release and judges the results. See README.md.
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

const PARTS = {
  node: {
    name: 'node-appwrite',
    installed: release => {
      const file = path.join(__dirname, 'node', 'node_modules', 'v' + release.split('.')[0], 'package.json');
      return fs.existsSync(file) && JSON.parse(fs.readFileSync(file)).version === release;
    },
    command: release => [process.execPath, ['--no-deprecation', path.join(__dirname, 'node', 'scenario.js'), 'v' + release.split('.')[0]], {}],
  },
  python: {
    name: 'appwrite (PyPI)',
    installed: release => fs.existsSync(path.join(__dirname, 'python', 'targets', release, `appwrite-${release}.dist-info`)),
    command: release => [process.env.PYTHON || 'python3', [path.join(__dirname, 'python', 'scenario.py'), release],
      { PYTHONPATH: path.join(__dirname, 'python', 'targets', release), PYTHONDONTWRITEBYTECODE: '1' }],
  },
};

const runs = releases.map(release => {
  if (!PARTS[part].installed(release)) return { sdk: release, results: [], crash: 'not installed' };
  const [program, args, env] = PARTS[part].command(release);
  const started = Date.now();
  const run = spawnSync(program, [...args, endpoint, project, key],
    { encoding: 'utf8', timeout: 180e3, maxBuffer: 64 << 20, env: { ...process.env, ...env } });
  const seconds = (Date.now() - started) / 1000;
  try {
    const result = JSON.parse((run.stdout || '').trim().split('\n').pop());
    if (run.status !== 0 && !result.crash) result.crash = `ended with ${run.status === null ? run.signal : run.status}`;
    if (result.sdk !== release && !result.crash) result.crash = `release ${result.sdk} answered instead`;
    return { ...result, sdk: release, seconds };
  } catch (e) {
    const lines = String(run.error || run.stderr || '').trim().split('\n');
    const why = lines.filter(line => /^\w*(Error|Exception)\b/.test(line)).pop() || lines.pop();
    return { sdk: release, results: [], seconds, crash: why || `no result, ended with ${run.status === null ? run.signal : run.status}` };
  }
});

process.exit(report(part, PARTS[part].name, runs, path.join(__dirname, part, 'expected.txt'), releases.length === required.length) ? 0 : 1);
