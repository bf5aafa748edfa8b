'use strict';
// Prints a table "check x release" and judges it against the list of expected checks. Returns whether all is well.
//
// Only where expected.txt says that a release lacks what a check needs may the check not run ("-"). Anything else that did
// not run has failed: a check that a release does not reach, one that is skipped without being listed, and one that is
// listed but does run.
//
// A check of the level `later` needs what is not built yet. It runs like every other one, but its failure ("later") is
// not counted. Once it passes in every release that has it, it must be promoted, so that it is judged from then on.
//
// of: { part, name, engines, all, always, chosen }: the releases of the matrix, of every run, and of this one
const { load, record } = require('./expected.js');

module.exports = function report({ part, name, engines, all, always, chosen }, runs, file) {
  const ran = releases => releases.every(release => chosen.includes(release));
  if (process.env.SDK_RECORD) {
    const crashed = runs.filter(r => r.crash).map(r => `${r.sdk}: ${r.crash}`);
    if (!ran(all) || crashed.length) throw new Error('a record needs every release, and none may crash\n' + crashed.join('\n'));
    record(file, all, engines, runs);
    console.log(`${file} written`);
  }
  const expected = load(file);
  const ids = [...expected.keys()];
  const problems = new Map();
  const problem = (kind, id, text, sdk) => {
    // the random parts of ids and dates differ from release to release
    const k = [kind, id, text.replace(/\b[npwrc]\d+[a-z0-9]{5,8}(?=[.@ ])/g, '<t>').replace(/\d{4}-\d\d-\d\dT[0-9:.+]+/g, '<date>')].join(' | ');
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
      // The scenario knows two levels; only what it calls extra can wait.
      const level = want.level === 'later' ? 'extra' : want.level;
      const absent = want.absent(run.sdk);
      // A release says nothing of a method that it does not have.
      const x = results.get(id) || (id.startsWith('method ') && !run.crash ? { id, level, state: 'n/a', text: '' } : undefined);
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
  if (ran(always)) for (const [id, seen] of later) {
    if (seen.includes('later')) continue;
    problem('PROMOTE', id, 'passes in every release here that has it: promote it to extra', 'expected.txt');
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
    + (ran(all) ? ' (the whole matrix)' : ran(always) ? '' : ' (NOT all releases of every run)'));
  console.log(`${part}: ${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
};
