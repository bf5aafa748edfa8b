'use strict';
// One release of the command line against one server: node scenario.js ALIAS ENDPOINT PROJECT KEY
// Every call is a process of its own without a terminal, as in a script, with a home folder and a working folder that are
// gone afterwards. Prints one JSON line: { sdk, format, methods, results: [{ id, level, state, text, calls }] }
// methods are the commands that scripts for users are made of, as far as the release has them.
const fs = require('fs'), os = require('os'), path = require('path'), { execFile } = require('child_process');
const vectors = require('../common/vectors.json');

const [alias, endpoint, project, key] = process.argv.slice(2);
const folder = path.join(__dirname, 'node_modules', alias);
const version = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'))).version;
const major = parseInt(version, 10);
const COMMANDS = ['list', 'create', 'createBcryptUser', 'get', 'updateName', 'updateEmail', 'updatePhone', 'updatePassword', 'updateStatus',
  'updateLabels', 'updatePrefs', 'getPrefs', 'listSessions', 'deleteSessions', 'listLogs', 'listMemberships', 'delete'];

// The newer releases write commands and options with hyphens.
const spelled = name => major >= 8 ? name.replace(/[A-Z]/g, letter => '-' + letter.toLowerCase()) : name;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'usher-cli-'));
const home = path.join(scratch, 'home'), work = path.join(scratch, 'work');
fs.mkdirSync(home);
fs.mkdirSync(work);

// Runs the program; { code, out, err }
const appwrite = (...args) => new Promise((done, failed) => {
  const child = execFile(process.execPath, ['--no-deprecation', path.join(folder, 'index.js'), ...args], {
    cwd: work, encoding: 'utf8', timeout: 60e3,
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, HOME: home, NO_COLOR: '1', FORCE_COLOR: '0' },
  }, (error, out, err) => {
    if (error && typeof error.code !== 'number') failed(error);
    else done({ code: error ? error.code : 0, out, err });
  });
  child.stdin.end();
});

// A command of the group `users`; args are its options. The answer is what it prints as JSON.
const usersInto = calls => async (name, args = {}) => {
  calls[name] = calls[name] || false;
  const options = Object.entries(args).flatMap(([option, value]) => ['--' + spelled(option), ...[].concat(value)]);
  const run = await appwrite('--json', 'users', spelled(name), ...options);
  if (run.code !== 0) throw Object.assign(new Error(run.err.trim().split('\n').pop() || `ended with ${run.code}`), run);
  calls[name] = true;
  const json = run.out.slice(run.out.indexOf('{'), run.out.lastIndexOf('}') + 1);
  return json ? JSON.parse(json) : undefined;
};

const results = [];
function eq(a, b, what) {
  const x = JSON.stringify(a), y = JSON.stringify(b);
  if (x !== y) throw new Error(`${what}: got ${x}, want ${y}`);
}
function ok(c, what) { if (!c) throw new Error(what); }
async function fails(message, command) {
  let answer;
  try { answer = await command; } catch (e) {
    eq(e.code, 1, 'exit status (' + e.message + ')');
    ok(message.test(e.err), `no ${message} in: ${e.err.trim()}`);
    return;
  }
  throw new Error('no error; answer ' + JSON.stringify(answer).slice(0, 80));
}
let available = [];
async function check(id, needs, fn) {
  const result = { id, level: 'must', state: 'ok', text: '', calls: {} };
  results.push(result);
  if (!needs.every(name => available.includes(name))) { result.state = 'n/a'; return; }
  try { await fn(usersInto(result.calls)); } catch (e) { result.state = 'fail'; result.text = String(e.message || e).split('\n')[0].slice(0, 260); }
}

const token = 'c' + major + Math.random().toString(36).slice(2, 10);
const id = s => `${token}.${s}`;
const mail = s => `${s}.${token}@example.org`;
const [phone, phone2] = [1, 2].map(n => '+1558' + String(Math.floor(Math.random() * 1e6)).padStart(6, '0') + n);
// What is typed is sent as it is: the older releases came with the older form of queries.
const query = (method, attribute, value) => major < 5 ? `${method}("${attribute}", ["${value}"])` : JSON.stringify({ method, attribute, values: [value] });
const limit = n => major < 5 ? `limit(${n})` : JSON.stringify({ method: 'limit', values: [n] });

const GONE = /could not be found|not found|no user/i;

(async () => {
  // Starting the program is what takes the time, so what does not depend on each other runs together.
  await check('client: an address without a server is refused', [], async () => {
    const run = await appwrite('client', '--endpoint', endpoint.replace(/:\d+\//, ':1/'));
    eq([run.code, /Invalid endpoint/.test(run.err)], [1, true], 'exit status, message');
  });
  await check('client: endpoint, project and key', [], async () => {
    const run = await appwrite('client', '--endpoint', endpoint, '--' + spelled('projectId'), project, '--key', key);
    eq(run.code, 0, 'exit status (' + run.err.trim() + ')');
    ok(/Success/.test(run.out), 'prints ' + run.out);
  });
  const known = fs.readFileSync(path.join(folder, 'lib', 'commands', 'users.js'), 'utf8');
  available = COMMANDS.filter(name => known.includes('.command(`' + spelled(name) + '`)'));

  await Promise.all([
    check('create', ['create'], async users => {
      const u = await users('create', { userId: id('a'), email: mail('a'), phone, password: vectors.password, name: token + ' Alpha' });
      eq([u.$id, u.email, u.phone, u.name, u.status, u.prefs], [id('a'), mail('a'), phone, token + ' Alpha', true, {}], 'user');
    }),
    check('createBcryptUser', ['createBcryptUser'], async users => {
      const u = await users('createBcryptUser', { userId: id('b'), email: mail('b'), password: vectors.bcrypt, name: token + ' Bravo' });
      eq([u.$id, u.hash, u.password], [id('b'), 'bcrypt', vectors.bcrypt], 'user');
    }),
    check('get: unknown -> the error of the server', ['get'], users => fails(GONE, users('get', { userId: id('none') }))),
    check('list: bad query -> the error of the server', ['list'], users => fails(/quer/i, users('list', { queries: 'nonsense' }))),
  ]);
  await Promise.all([
    check('create: same id again -> the error of the server', ['create'], users => fails(/exists already/, users('create', { userId: id('a'), email: mail('other') }))),
    check('get', ['get'], async users => { const u = await users('get', { userId: id('a') }); eq([u.$id, u.email], [id('a'), mail('a')], 'user'); }),
    check('list', ['list'], async users => { const l = await users('list'); ok(Number.isInteger(l.total) && l.total >= 2 && l.users.length >= 2, `total ${l.total}`); }),
    check('list: queries', ['list'], async users => {
      const l = await users('list', { queries: [query('startsWith', 'name', token), query('equal', 'email', mail('b'))] });
      eq([l.total, l.users.map(u => u.$id)], [1, [id('b')]], 'total, ids');
    }),
    check('list: search', ['list'], async users => eq((await users('list', { search: token })).users.map(u => u.$id).sort(), [id('a'), id('b')], 'ids')),
  ]);
  // Each changes a field of its own, so none is in the way of another.
  await Promise.all([
    check('updateName', ['updateName'], async users => eq((await users('updateName', { userId: id('a'), name: token + ' Renamed' })).name, token + ' Renamed', 'name')),
    check('updateEmail', ['updateEmail'], async users => eq((await users('updateEmail', { userId: id('a'), email: mail('new') })).email, mail('new'), 'email')),
    check('updatePhone', ['updatePhone'], async users => eq((await users('updatePhone', { userId: id('b'), number: phone2 })).phone, phone2, 'phone')),
    check('updatePassword', ['updatePassword'], async users => eq((await users('updatePassword', { userId: id('b'), password: vectors.password + '-2' })).hash, 'argon2', 'hash')),
    check('updateStatus', ['updateStatus'], async users => eq((await users('updateStatus', { userId: id('a'), status: 'false' })).status, false, 'status')),
    check('updateLabels', ['updateLabels'], async users => eq((await users('updateLabels', { userId: id('a'), labels: ['vip', 'staff'] })).labels, ['vip', 'staff'], 'labels')),
    check('updatePrefs, getPrefs', ['updatePrefs', 'getPrefs'], async users => {
      const prefs = { theme: 'dark', size: 12, nested: { list: [1, 'two'] } };
      eq(await users('updatePrefs', { userId: id('a'), prefs: JSON.stringify(prefs) }), prefs, 'prefs');
      eq(await users('getPrefs', { userId: id('a') }), prefs, 'prefs');
    }),
  ]);
  await Promise.all([
    check('what all of that made of the user', ['get'], async users => {
      const u = await users('get', { userId: id('a') });
      eq([u.name, u.email, u.status, u.prefs.theme], [token + ' Renamed', mail('new'), false, 'dark'], 'user');
    }),
    check('listSessions, deleteSessions', ['listSessions', 'deleteSessions'], async users => {
      eq(await users('listSessions', { userId: id('a') }), { total: 0, sessions: [] }, 'list'); await users('deleteSessions', { userId: id('a') });
    }),
    check('listLogs', ['listLogs'], async users => { const l = await users('listLogs', { userId: id('a'), queries: limit(2) }); ok(l.total > 2 && l.logs.length === 2 && l.logs[0].event, `total ${l.total}`); }),
    check('listMemberships', ['listMemberships'], async users => eq(await users('listMemberships', { userId: id('a') }), { total: 0, memberships: [] }, 'list')),
  ]);
  await check('delete', ['delete'], async users => {
    await Promise.all(['a', 'b'].map(user => users('delete', { userId: id(user) })));
    eq(await users('list', { queries: query('startsWith', 'name', token) }), { total: 0, users: [] }, 'list');
  });

  const format = (fs.readFileSync(path.join(folder, 'lib', 'client.js'), 'utf8').match(/X-Appwrite-Response-Format['"]\s*:\s*['"]([^'"]+)/i) || [])[1];
  process.stdout.write(JSON.stringify({ sdk: version, format, methods: available, results }) + '\n');
})().finally(() => fs.rmSync(scratch, { recursive: true, force: true }));
