'use strict';
// node page.js FILE           writes the tables of docs/compatibility.md anew
// node page.js FILE check     fails when they are not what this would write
// A table stands between <!-- releases: PART --> or <!-- methods: PART --> and <!-- end -->. It comes from releases.txt and
// from the lines "method …" of expected.txt, which every run of the checks compares with what the releases have and do.
const fs = require('fs'), path = require('path');
const releases = require('./releases.js');
const { load } = require('./expected.js');

const [file, mode] = process.argv.slice(2);
const short = release => release.startsWith('0.') ? release.split('.').slice(0, 2).join('.') : release.split('.')[0];
const row = cells => `| ${cells.join(' | ')} |`;

function methods(part) {
  const all = releases.all(part);
  const expected = load(path.join(__dirname, '..', part, 'expected.txt'));
  const rows = [...expected].filter(([id]) => id.startsWith('method ')).map(([id, { level, absent }]) => {
    // What only one engine lacks, the release has.
    const lacks = release => absent(release) || (part === 'web' && ['node', 'chromium'].every(engine => absent(`${release}/${engine}`)));
    return [`\`${id.slice('method '.length)}\``, ...all.map(release => lacks(release) ? '–' : level === 'later' ? 'no' : '✓')];
  });
  if (rows.length < 5) throw new Error(`${part}: expected.txt has hardly a method`);
  // First what works in the most releases, in the order of the checks.
  const offered = rows.filter(cells => !cells.includes('no')), others = rows.filter(cells => cells.includes('no'));
  return [row(['method', ...all.map(short)]), row(['---', ...all.map(() => '---')]), ...[...offered, ...others].map(row)];
}

const tables = { releases: part => [releases.all(part).join(', ')], methods };
const before = fs.readFileSync(file, 'utf8');
const seen = new Set();
const after = before.replace(/(<!-- (releases|methods): (\w+) -->\n)[^]*?(<!-- end -->)/g, (_, begin, kind, part, end) => {
  seen.add(`${kind} ${part}`);
  return begin + tables[kind](part).join('\n') + '\n' + end;
});
const missing = releases.parts.flatMap(part => ['releases ' + part, 'methods ' + part]).filter(table => !seen.has(table));
if (missing.length) throw new Error(`${file} has no place for: ${missing.join(', ')}`);
if (mode === 'check') {
  if (after === before) process.exit(0);
  const [old, anew] = [before.split('\n'), after.split('\n')], at = old.findIndex((line, i) => line !== anew[i]);
  console.error(`${file}:${at + 1}: ${old[at]}\n  should be: ${anew[at]}`);
  console.error('`scripts/sdk --page` writes it');
  process.exit(1);
}
fs.writeFileSync(file, after);
