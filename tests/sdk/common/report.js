'use strict';
// Prints a table "check x release" and judges it against the list of expected checks. Returns whether all is well.
//
// expected.txt has one line a check: its level, its name and, behind a bar, the releases that lack what it needs.
// Only there may a check not run ("-"). Anything else that did not run has failed: a check that a release does not
// reach, one that is skipped without being listed, and one that is listed but does run.
//
// A check of the level `later` needs what is not built yet. It runs like every other one, but its failure ("later") is
// not counted. Once it passes in every release that has it, it must be promoted, so that it is judged from then on.
const fs = require('fs');

function load(file) {
  const expected = new Map();
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (!line.trim() || line.startsWith('#')) continue;
    const [head, absent] = line.split(' | ');
    const space = head.indexOf(' ');
    const level = head.slice(0, space);
    if (!['must', 'extra', 'later'].includes(level)) throw new Error(`${file}: no level ${JSON.stringify(level)}: ${line}`);
    expected.set(head.slice(space).trim(), { level, absent: absent ? absent.trim().split(/\s+/) : [] });
  }
  return expected;
}

function record(file, runs) {
  const before = fs.existsSync(file) ? load(file) : new Map();
  const rows = new Map();
  for (const run of runs) for (const x of run.results) {
    if (!rows.has(x.id)) rows.set(x.id, { level: x.level, absent: [], failed: false });
    if (x.state === 'n/a') rows.get(x.id).absent.push(run.sdk);
    if (x.state === 'fail') rows.get(x.id).failed = true;
  }
  for (const [id, row] of rows) if (row.failed && row.level === 'extra' && before.get(id)?.level === 'later') row.level = 'later';
  const lines = [...rows].map(([id, row]) => `${row.level.padEnd(6)}${id}${row.absent.length ? ' | ' + row.absent.join(' ') : ''}`);
  fs.writeFileSync(file, '# LEVEL NAME [| releases without what the check needs]; written by SDK_RECORD=1, see ../README.md\n' + lines.join('\n') + '\n');
}

module.exports = function report(part, name, runs, file, complete) {
  if (process.env.SDK_RECORD) {
    const crashed = runs.filter(r => r.crash).map(r => `${r.sdk}: ${r.crash}`);
    if (!complete || crashed.length) throw new Error('a record needs every release, and none may crash\n' + crashed.join('\n'));
    record(file, runs);
    console.log(`${file} written`);
  }
  const expected = load(file);
  const ids = [...expected.keys()];
  const problems = new Map();
  const problem = (kind, id, text, sdk) => {
    // the random parts of ids and dates differ from release to release
    const k = [kind, id, text.replace(/\b[npw]\d+[a-z0-9]{5,8}(?=[.@ ])/g, '<t>').replace(/\d{4}-\d\d-\d\dT[0-9:.+]+/g, '<date>')].join(' | ');
    problems.set(k, (problems.get(k) || new Set()).add(sdk));
  };

  const count = { must: [0, 0], extra: [0, 0] };
  const later = new Map();
  const cells = new Map(ids.map(id => [id, []]));
  for (const run of runs) {
    if (run.crash) { problem('CRASH', '-', run.crash.split('\n').slice(0, 2).join(' ').slice(0, 400), run.sdk); count.must[1]++; }
    const results = new Map();
    for (const x of run.results) {
      if (!expected.has(x.id)) { problem('UNLISTED', x.id, 'not in expected.txt', run.sdk); count.must[1]++; }
      if (results.has(x.id)) { problem('TWICE', x.id, 'two checks have this name', run.sdk); count.must[1]++; }
      results.set(x.id, x);
    }
    for (const [id, want] of expected) {
      const x = results.get(id), absent = want.absent.includes(run.sdk);
      // The scenario knows two levels; only what it calls extra can wait.
      const level = want.level === 'later' ? 'extra' : want.level;
      let cell = 'FAIL';
      if (!x) problem('NOT REACHED', run.crash ? 'the checks after the crash' : id, '', run.sdk);
      else if (x.level !== level) problem('LEVEL', id, `the scenario says ${x.level}, expected.txt ${want.level}`, run.sdk);
      else if (want.level === 'later' && x.state === 'fail' && !absent) cell = 'later';
      else if (x.state === 'fail') problem('FAIL ' + want.level, id, x.text, run.sdk);
      else if (x.state === 'n/a' && !absent) problem('SKIPPED', id, 'not listed as absent in this release', run.sdk);
      else if (x.state === 'ok' && absent) problem('STALE', id, 'listed as absent in this release, but it ran', run.sdk);
      else cell = x.state === 'ok' ? 'ok' : '-';
      cells.get(id).push(cell);
      if (want.level === 'later' && (cell === 'ok' || cell === 'later')) later.set(id, [...(later.get(id) || []), cell]);
      else if (cell !== '-') count[level][cell === 'ok' ? 0 : 1]++;
    }
  }
  // Some releases alone say nothing about the others.
  if (complete) for (const [id, seen] of later) {
    if (seen.includes('later')) continue;
    problem('PROMOTE', id, 'passes in every release that has it: promote it to extra', 'expected.txt');
    count.extra[1]++;
  }

  const wide = Math.max(...ids.map(id => id.length)) + 2;
  const column = runs.map(r => Math.max(7, r.sdk.length + 1));
  const row = (level, head, values) => console.log(level.padEnd(6) + head.padEnd(wide) + values.map((v, i) => String(v).padStart(column[i])).join(''));
  console.log(`\n== ${name}: check x release (ok, FAIL, later = fails, but is not built yet, - = not in this release or engine)`);
  row('', '', runs.map(r => r.sdk));
  row('', 'response format', runs.map(r => r.format || ''));
  row('', 'seconds', runs.map(r => (r.seconds || 0).toFixed(1)));
  for (const id of ids) row(expected.get(id).level, id, cells.get(id));
  if (problems.size) console.log('');
  for (const [text, sdks] of problems) console.log(`${text} | ${sdks.size === runs.length && runs.length > 1 ? 'all releases' : [...sdks].join(' ')}`);

  const passed = count.must[0] + count.extra[0], failed = count.must[1] + count.extra[1];
  const waiting = [...later.values()].flat().filter(cell => cell === 'later').length;
  console.log(`\n${part} by level: must ${count.must.join(' passed, ')} failed; extra ${count.extra.join(' passed, ')} failed; `
    + `later ${waiting} not built yet; runs ${runs.length}`
    + (complete ? '' : ' (NOT all required releases)'));
  console.log(`${part}: ${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
};
