'use strict';
// node node.js ALIAS ENDPOINT PROJECT KEY: the scenario in Node.js, with what the SDK needs of a browser: a place where it
// keeps the session. There are no cookies here, so the SDK's own way around them is what carries it.
// Prints one JSON line: { sdk, format, results }
const { folder, facts, actions } = require('./host.js')(process.argv.slice(2));

const kept = new Map();
globalThis.window = {
  localStorage: {
    getItem: name => kept.has(name) ? kept.get(name) : null,
    setItem: (name, value) => { kept.set(name, String(value)); },
    removeItem: name => { kept.delete(name); },
  },
  console: { ...console, warn: () => {} }, // the SDK warns of localStorage at every sign-in
};
require('../common/recorder.js');
require('./scenario.js');

webScenario(require(folder), { ...facts, ...actions }).then(result => {
  process.stdout.write(JSON.stringify({ sdk: facts.version, ...result }) + '\n');
  process.exit(0);
}, e => {
  process.stdout.write(JSON.stringify({ sdk: facts.version, results: [], crash: String(e && e.stack || e) }) + '\n');
  process.exit(1);
});
