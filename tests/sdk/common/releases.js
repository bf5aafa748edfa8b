'use strict';
// Reads ../releases.txt.
//   node releases.js PART                 the releases of every run, oldest first
//   node releases.js PART all             those of the whole matrix
//   node releases.js PART RELEASE...      these, if the matrix has them; otherwise it fails
const fs = require('fs'), path = require('path');

const numbers = release => release.split('.').map(Number);
function compare(a, b) {
  const [x, y] = [numbers(a), numbers(b)];
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return x[i] - y[i];
  return 0;
}

const parts = new Map();
for (const line of fs.readFileSync(path.join(__dirname, '..', 'releases.txt'), 'utf8').split('\n')) {
  if (!line.trim() || line.startsWith('#')) continue;
  const [always, matrix] = line.split('|').map(side => side.trim().split(/\s+/).filter(Boolean));
  const part = always.shift();
  parts.set(part, { always: [...always].sort(compare), all: [...always, ...(matrix || [])].sort(compare) });
}

module.exports = { compare, parts: [...parts.keys()], always: part => parts.get(part).always, all: part => parts.get(part).all };

if (require.main === module) {
  const [part, ...wanted] = process.argv.slice(2);
  const of = parts.get(part);
  const unknown = of ? wanted.filter(release => release !== 'all' && !of.all.includes(release)) : [part];
  if (unknown.length) {
    console.error(`not in releases.txt: ${unknown.join(' ')}`);
    process.exit(2);
  }
  const chosen = !wanted.length ? of.always : wanted.includes('all') ? of.all : of.all.filter(release => wanted.includes(release));
  console.log(chosen.join(' '));
}
