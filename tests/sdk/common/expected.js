'use strict';
// Reads and writes expected.txt, which has one line a check: its level, its name and, behind a bar, the releases that lack
// what it needs. These are given as "before 18.0.0", "since 25.0.0", an engine ("node"), or one by one; commas are between.
const fs = require('fs');
const { compare } = require('./releases.js');

// column: a release, with its engine where there are several (28.0.0/node)
function isAbsent(conditions, column) {
  const [release, engine] = column.split('/');
  return conditions.some(condition => {
    const [word, bound] = condition.split(' ');
    if (word === 'before') return compare(release, bound) < 0;
    if (word === 'since') return compare(release, bound) >= 0;
    return [column, release, engine].includes(condition);
  });
}

// Map of names to { level, absent(column) }
function load(file) {
  const expected = new Map();
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (!line.trim() || line.startsWith('#')) continue;
    const [head, conditions] = line.split(' | ');
    const space = head.indexOf(' ');
    const level = head.slice(0, space), name = head.slice(space).trim();
    if (!['must', 'extra', 'later'].includes(level)) throw new Error(`${file}: no level ${JSON.stringify(level)}: ${line}`);
    if (expected.has(name)) throw new Error(`${file}: twice: ${name}`);
    const list = conditions ? conditions.split(',').map(x => x.trim()) : [];
    expected.set(name, { level, absent: column => isAbsent(list, column) });
  }
  return expected;
}

// The shortest that says it. all: the releases of the matrix, oldest first; absent: the columns.
function conditions(all, engines, absent) {
  const lacking = new Set(absent);
  const column = (release, engine) => engine ? `${release}/${engine}` : release;
  const said = [];
  const rest = (engines || [undefined]).filter(engine => {
    const whole = engines && all.every(release => lacking.has(column(release, engine)));
    if (whole) said.push(engine);
    return !whole;
  });
  // what is left is often the same in every engine, and one end of the history
  const inAll = all.filter(release => rest.every(engine => lacking.has(column(release, engine))));
  const left = new Set(inAll);
  if (rest.length) {
    let oldest = 0;
    while (oldest < all.length && left.has(all[oldest])) left.delete(all[oldest++]);
    if (oldest && oldest < all.length) said.push('before ' + all[oldest]);
    if (oldest === all.length) said.push('since ' + all[0]);
    let newest = all.length;
    while (newest > 0 && left.has(all[newest - 1])) left.delete(all[--newest]);
    if (newest < all.length && oldest < all.length) said.push('since ' + all[newest]);
    said.push(...left);
  }
  for (const release of all) for (const engine of rest) {
    if (lacking.has(column(release, engine)) && !inAll.includes(release)) said.push(column(release, engine));
  }
  return said.join(', ');
}

// Writes what the runs of the whole matrix did. A check that was `later` stays so while it fails; a new one whose level is
// extra and that fails begins so.
function record(file, all, engines, runs) {
  const before = fs.existsSync(file) ? load(file) : new Map();
  const rows = new Map();
  for (const run of runs) for (const x of run.results) {
    if (!rows.has(x.id)) rows.set(x.id, { level: x.level, absent: [], failed: false, seen: new Set() });
    const row = rows.get(x.id);
    row.seen.add(run.sdk);
    if (x.state === 'n/a') row.absent.push(run.sdk);
    if (x.state === 'fail') row.failed = true;
  }
  const lines = [...rows].sort(([a], [b]) => a.startsWith('method ') - b.startsWith('method ')).map(([id, row]) => {
    // A method is reported by the releases that have it.
    for (const run of runs) if (!row.seen.has(run.sdk)) row.absent.push(run.sdk);
    const waits = row.failed && row.level === 'extra' && (before.get(id)?.level || 'later') === 'later';
    const text = conditions(all, engines, row.absent);
    return `${(waits ? 'later' : row.level).padEnd(6)}${id}${text ? ' | ' + text : ''}`;
  });
  fs.writeFileSync(file, '# LEVEL NAME [| releases without what the check needs]; written by SDK_RECORD=1, see ../README.md\n' + lines.join('\n') + '\n');
}

module.exports = { load, record };
