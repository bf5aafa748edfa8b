'use strict';
// One SDK release against one server: node scenario.js ALIAS ENDPOINT PROJECT KEY USER
// USER is one who has what common/rows.py makes. Prints one JSON line:
//   { sdk, format, methods, results: [{ id, level, state, text, calls }] }
// level: must = one of the 28 endpoints of the 1.4-era Users service, extra = added later and the services beside it.
const path = require('path');
const fs = require('fs');
require('../common/recorder.js');
const [alias, endpoint, project, key, rich] = process.argv.slice(2);
const dir = path.join(__dirname, 'node_modules', alias);
const sdk = require(dir);
const version = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'))).version;
const major = parseInt(version, 10);
const V = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'common', 'vectors.json')));
const { Client, Users, Query, ID, Account, Teams } = sdk;

const client = new Client().setEndpoint(endpoint).setProject(project).setKey(key);
const raw = new Users(client), recorder = makeRecorder();
const users = recorder.of(raw);
const bare = () => new Client().setEndpoint(endpoint).setProject(project);

const SIG = {
  list: ['queries', 'search', 'total'],
  create: ['userId', 'email', 'phone', 'password', 'name'],
  createArgon2User: ['userId', 'email', 'password', 'name'],
  createBcryptUser: ['userId', 'email', 'password', 'name'],
  createMD5User: ['userId', 'email', 'password', 'name'],
  createPHPassUser: ['userId', 'email', 'password', 'name'],
  createSHAUser: ['userId', 'email', 'password', 'passwordVersion', 'name'],
  createScryptUser: ['userId', 'email', 'password', 'passwordSalt', 'passwordCpu', 'passwordMemory', 'passwordParallel', 'passwordLength', 'name'],
  createScryptModifiedUser: ['userId', 'email', 'password', 'passwordSalt', 'passwordSaltSeparator', 'passwordSignerKey', 'name'],
  listIdentities: ['queries', 'search', 'total'], deleteIdentity: ['identityId'],
  get: ['userId'], delete: ['userId'],
  updateEmail: ['userId', 'email'], updateLabels: ['userId', 'labels'], listLogs: ['userId', 'queries', 'total'],
  listMemberships: ['userId', 'queries', 'search', 'total'], updateName: ['userId', 'name'], updatePassword: ['userId', 'password'],
  updatePhone: ['userId', 'number'], getPrefs: ['userId'], updatePrefs: ['userId', 'prefs'],
  listSessions: ['userId', 'total'], deleteSessions: ['userId'], deleteSession: ['userId', 'sessionId'],
  updateStatus: ['userId', 'status'], updateEmailVerification: ['userId', 'emailVerification'],
  updatePhoneVerification: ['userId', 'phoneVerification'],
  createSession: ['userId'], createToken: ['userId', 'length', 'expire'], createJWT: ['userId', 'sessionId', 'duration'],
  listTargets: ['userId', 'queries', 'total'], createTarget: ['userId', 'targetId', 'providerType', 'identifier', 'providerId', 'name'],
  getTarget: ['userId', 'targetId'], updateTarget: ['userId', 'targetId', 'identifier', 'providerId', 'name'], deleteTarget: ['userId', 'targetId'],
  updateMfa: ['userId', 'mfa'], updateMFA: ['userId', 'mfa'], listMfaFactors: ['userId'], listMFAFactors: ['userId'],
  getMfaRecoveryCodes: ['userId'], createMfaRecoveryCodes: ['userId'], updateMfaRecoveryCodes: ['userId'],
  getMFARecoveryCodes: ['userId'], createMFARecoveryCodes: ['userId'], updateMFARecoveryCodes: ['userId'],
  deleteMfaAuthenticator: ['userId', 'type'], deleteMFAAuthenticator: ['userId', 'type'],
  updateImpersonator: ['userId', 'impersonator'],
};
const objectStyle = major >= 18;
const has = m => typeof raw[m] === 'function';
// Whether a method of this release takes a parameter of that name.
const takes = (m, parameter) => new RegExp(`\\b${parameter}\\b`).test(raw[m].toString());
function call(m, args = {}, style = objectStyle) {
  if (style) return users[m](args);
  const list = SIG[m].map(k => args[k]);
  while (list.length && list[list.length - 1] === undefined) list.pop();
  return users[m](...list);
}
const results = [];
class Skip extends Error {}
function eq(a, b, what) {
  const x = JSON.stringify(a), y = JSON.stringify(b);
  if (x !== y) throw new Error(`${what}: got ${x}, want ${y}`);
}
function ok(c, what) { if (!c) throw new Error(what); }
async function fails(code, types, p) {
  let r;
  try { r = await p; } catch (e) {
    eq(e.code, code, 'error code (' + e.message + ')');
    if (types) ok([].concat(types).includes(e.type), `error type: got ${JSON.stringify(e.type)}, want ${[].concat(types).join(' or ')}`);
    ok(typeof e.message === 'string' && e.message.length > 0, 'error message is empty');
    return e;
  }
  throw new Error('no error, want ' + code + '; answer ' + JSON.stringify(r).slice(0, 80));
}
async function check(id, level, needs, fn) {
  const missing = needs.filter(n => n.startsWith('Query.') ? typeof Query[n.slice(6)] !== 'function' : !has(n));
  if (missing.length) { results.push({ id, level, state: 'n/a', text: '' }); return; }
  recorder.take();
  try {
    await fn();
    results.push({ id, level, state: 'ok', text: '', calls: recorder.take() });
  } catch (e) {
    const text = (e.message || String(e)).split('\n')[0].slice(0, 220) + (e.type ? ` [${e.code} ${e.type}]` : e.code ? ` [${e.code}]` : '');
    const skipped = e instanceof Skip;
    results.push({ id, level, state: skipped ? 'n/a' : 'fail', text: skipped ? '' : text, calls: skipped ? {} : recorder.take() });
  }
}
// releases that read a 204 as text hand back '' or { message: '' }
const empty = r => !r || Object.keys(r).filter(k => typeof r[k] !== 'function').every(k => k === 'message' && r[k] === '');
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/;
const token = 'n' + major + Math.random().toString(36).slice(2, 9).replace(/[^a-z0-9]/g, 'x');
const id = s => `${token}.${s}`;
const mail = s => `${s}.${token}@example.org`;
const made = new Set();
const ids = l => l.users.map(u => u.$id);
const BADQ = ['general_argument_invalid', 'general_query_invalid'];
const mine = Query => Query.startsWith('name', token);

(async () => {
  const P = V.password;
  const phone = n => '+1555' + String(major).padStart(2, '0') + String(Math.floor(Math.random() * 9000) + 1000) + n;
  const tel = phone(1);
  let A;
  // ---- create, get
  await check('create (id, email, phone, password, name)', 'must', ['create'], async () => {
    const u = A = await call('create', { userId: id('a'), email: 'A.' + mail('a'), phone: tel, password: P, name: token + ' Alpha' });
    made.add(u.$id);
    eq(u.$id, id('a'), '$id'); eq(u.email, ('A.' + mail('a')).toLowerCase(), 'email is lower-cased'); eq(u.phone, tel, 'phone'); eq(u.name, token + ' Alpha', 'name');
    eq(u.status, true, 'status'); eq(u.labels, [], 'labels'); eq(u.emailVerification, false, 'emailVerification'); eq(u.phoneVerification, false, 'phoneVerification');
    ok(u.prefs && !Array.isArray(u.prefs) && Object.keys(u.prefs).length === 0, 'prefs is not an empty object: ' + JSON.stringify(u.prefs));
    for (const k of ['$createdAt', '$updatedAt', 'registration', 'passwordUpdate']) ok(ISO.test(u[k]), `${k} is not yyyy-mm-ddThh:mm:ss.mmm+00:00: ${u[k]}`);
    ok(Math.abs(Date.now() - Date.parse(u.registration)) < 120e3, 'registration is not about now: ' + u.registration);
  });
  await check('create: password is stored as argon2', 'must', ['create'], async () => {
    eq(A.hash, 'argon2', 'hash'); ok(String(A.password).startsWith('$argon2'), 'password: ' + A.password); eq(A.hashOptions && A.hashOptions.type, 'argon2', 'hashOptions.type');
  });
  await check('create: accessedAt', 'must', ['create'], async () => { ok(typeof A.accessedAt === 'string', 'accessedAt: ' + A.accessedAt); });
  await check('create: mfa and targets fields', 'extra', ['updateMfa'], async () => {
    eq(A.mfa, false, 'mfa'); ok(Array.isArray(A.targets), 'targets is not an array'); eq(A.targets.length, 2, 'targets for email and phone');
  });
  await check('create: only an id; ID.unique()', 'must', ['create'], async () => {
    const u = await call('create', { userId: ID.unique() }); made.add(u.$id);
    ok(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}$/.test(u.$id) && u.$id !== 'unique()', 'generated id: ' + u.$id);
    eq([u.email, u.phone, u.name, u.password || ''], ['', '', '', ''], 'empty email, phone, name, password');
    made.delete(u.$id); await call('delete', { userId: u.$id });
  });
  await check('create: null for optional fields (sent as JSON null)', 'must', ['create'], async () => {
    const u = await call('create', { userId: id('nul'), email: null, phone: null, password: null, name: token + ' Null' }, objectStyle); made.add(u.$id);
    eq([u.email, u.phone, u.name], ['', '', token + ' Null'], 'email, phone, name');
    await call('delete', { userId: u.$id }); made.delete(u.$id);
  });
  // older servers refuse it, newer ones take it for "no password"
  await check('create: empty password -> a user without one, or 400', 'must', ['create'], async () => {
    let u;
    try { u = await call('create', { userId: id('emp'), password: '' }); } catch (e) { eq([e.code, e.type], [400, 'general_argument_invalid'], 'error'); return; }
    made.add(u.$id); eq(u.password || '', '', 'password');
  });
  await check('list: queries = []', 'must', ['list'], async () => { const l = await call('list', { queries: [] }); ok(l.users.length > 0, 'no users'); });
  await check('create: same id again -> 409', 'must', ['create'], () => fails(409, 'user_already_exists', call('create', { userId: id('a'), email: mail('other') })));
  await check('create: same email again -> 409', 'must', ['create'], () => fails(409, ['user_already_exists', 'user_email_already_exists'], call('create', { userId: id('dup'), email: 'a.' + mail('a') })));
  await check('create: same phone again -> 409', 'must', ['create'], () => fails(409, ['user_already_exists', 'user_phone_already_exists'], call('create', { userId: id('dup'), phone: tel })));
  await check('create: bad email -> 400', 'must', ['create'], () => fails(400, 'general_argument_invalid', call('create', { userId: id('bad'), email: 'nobody' })));
  await check('create: short password -> 400', 'must', ['create'], () => fails(400, 'general_argument_invalid', call('create', { userId: id('bad'), password: 'short' })));
  await check('create: bad phone -> 400', 'must', ['create'], () => fails(400, 'general_argument_invalid', call('create', { userId: id('bad'), phone: '5551234' })));
  await check('create: bad id -> 400', 'must', ['create'], () => fails(400, 'general_argument_invalid', call('create', { userId: '_bad id', email: mail('bad') })));
  // ---- hashed creates
  const sm = V.scryptModified, sc = V.scrypt;
  const hashed = [
    ['createArgon2User', 'argon2', { password: V.argon2 }], ['createBcryptUser', 'bcrypt', { password: V.bcrypt }],
    ['createMD5User', 'md5', { password: V.md5 }], ['createPHPassUser', 'phpass', { password: V.phpass }],
    ['createSHAUser', 'sha', { password: V.sha.sha512, passwordVersion: 'sha512' }, { version: 'sha512' }],
    ['createScryptUser', 'scrypt', { password: sc.hash, passwordSalt: sc.salt, passwordCpu: sc.cpu, passwordMemory: sc.memory, passwordParallel: sc.parallel, passwordLength: sc.length },
      { salt: sc.salt, costCpu: sc.cpu, costMemory: sc.memory, costParallel: sc.parallel, length: sc.length }],
    ['createScryptModifiedUser', 'scryptMod', { password: sm.hash, passwordSalt: sm.salt, passwordSaltSeparator: sm.separator, passwordSignerKey: sm.signer },
      { salt: sm.salt, saltSeparator: sm.separator, signerKey: sm.signer }],
  ];
  for (const [m, h, args, opts] of hashed) {
    await check(m, 'must', [m], async () => {
      const u = await call(m, { userId: id(h), email: mail(h), name: `${token} ${h}`, ...args }); made.add(u.$id);
      eq(u.$id, id(h), '$id'); eq(u.email, mail(h).toLowerCase(), 'email'); eq(u.name, `${token} ${h}`, 'name');
      eq(u.hash, h, 'hash'); eq(u.password, args.password, 'password');
      for (const k in opts || {}) eq(u.hashOptions && u.hashOptions[k], opts[k], 'hashOptions.' + k);
    });
  }
  await check('createSHAUser: each of the 11 versions', 'must', ['createSHAUser'], async () => {
    let n = 0;
    for (const [v, h] of Object.entries(V.sha)) {
      const u = await call('createSHAUser', { userId: id('sha' + n), email: mail('sha' + n++), password: h, passwordVersion: v });
      made.add(u.$id); eq(u.hashOptions && u.hashOptions.version, v, 'hashOptions.version');
      await call('delete', { userId: u.$id }); made.delete(u.$id);
    }
  });
  await check('createSHAUser: bad version -> 400', 'must', ['createSHAUser'], () => fails(400, 'general_argument_invalid', call('createSHAUser', { userId: id('bad'), email: mail('bad'), password: V.sha.sha1, passwordVersion: 'sha9' })));
  await check('createMD5User: no email -> client error or 400', 'must', ['createMD5User'], async () => {
    try { await call('createMD5User', { userId: id('bad'), email: undefined, password: V.md5 }); } catch (e) { return; }
    throw new Error('no error');
  });
  // ---- get
  await check('get', 'must', ['get'], async () => {
    const u = await call('get', { userId: id('a') });
    for (const k of ['$id', 'email', 'phone', 'name', 'status', 'labels', 'registration', 'hash', 'password', 'prefs', 'emailVerification', 'phoneVerification', '$createdAt']) eq(u[k], A[k], k);
  });
  await check('get: unknown -> 404 user_not_found', 'must', ['get'], () => fails(404, 'user_not_found', call('get', { userId: id('none') })));
  await check('error: answer body reaches the caller', 'must', ['get'], async () => {
    const e = await fails(404, 'user_not_found', call('get', { userId: id('none') }));
    const r = typeof e.response === 'string' ? JSON.parse(e.response) : e.response;
    eq([r.code, r.type], [404, 'user_not_found'], 'code and type in the body'); ok(r.message === e.message, 'message'); ok(typeof r.version === 'string', 'version');
  });
  await check('wrong key -> 401', 'must', ['get'], () => { const u = new Users(bare().setKey('not-a-key')); return fails(401, null, objectStyle ? u.get({ userId: id('a') }) : u.get(id('a'))); });
  await check('no key -> 401', 'must', ['get'], () => { const u = new Users(bare()); return fails(401, 'general_unauthorized_scope', objectStyle ? u.get({ userId: id('a') }) : u.get(id('a'))); });
  await check('unknown project -> 404', 'must', ['get'], () => { const u = new Users(new Client().setEndpoint(endpoint).setProject('no-such-project').setKey(key)); return fails(404, 'project_not_found', objectStyle ? u.get({ userId: id('a') }) : u.get(id('a'))); });
  // ---- list
  const B = [];
  for (const n of ['b1', 'b2', 'b3']) { try { B.push(await call('create', { userId: id(n), email: mail(n), password: P, name: `${token} Bravo ${n}` })); made.add(id(n)); } catch (e) { /* seen above */ } }
  const L = (queries, search) => call('list', { queries, search });
  const b123 = ['b1', 'b2', 'b3'].map(id);
  await check('list: no arguments', 'must', ['list'], async () => { const l = await call('list'); ok(Number.isInteger(l.total) && l.total >= 4 && Array.isArray(l.users) && l.users.length <= 25 && l.users.length > 0, `total ${l.total}`); });
  await check('list: search by name word', 'must', ['list'], async () => { const l = await L(undefined, token); ok(b123.every(x => ids(l).includes(x)), 'the three users are not all found: ' + ids(l)); });
  await check('list: search by email', 'must', ['list'], async () => { const l = await L([Query.limit(1000)], mail('b2')); ok(ids(l).includes(id('b2')), 'not found among ' + l.total); });
  await check('list: search finds nothing', 'must', ['list'], async () => { const l = await L(undefined, token + 'zzz'); eq([l.total, l.users], [0, []], 'list'); });
  await check('list: search + queries', 'must', ['list', 'Query.limit'], async () => { const l = await L([Query.limit(1)], token); eq(l.users.length, 1, 'length'); ok(l.total >= 4, 'total ' + l.total); });
  const q = (name, needs, queries, want, total) => check('list: ' + name, 'must', ['list', ...needs.map(n => 'Query.' + n)], async () => {
    const l = await L(queries().map(x => x)); eq(ids(l), want().map(id), 'ids'); eq(l.total, total === undefined ? want().length : total, 'total');
  });
  await q('equal(email)', ['equal'], () => [Query.equal('email', mail('b1'))], () => ['b1']);
  await q('equal(name) two values', ['equal'], () => [Query.equal('name', [`${token} Bravo b1`, `${token} Bravo b3`])], () => ['b1', 'b3']);
  await q('equal twice = and', ['equal'], () => [Query.equal('name', `${token} Bravo b1`), Query.equal('email', mail('b2'))], () => []);
  await q('notEqual', ['notEqual', 'startsWith'], () => [Query.startsWith('name', token + ' Bravo'), Query.notEqual('email', mail('b2'))], () => ['b1', 'b3']);
  await q('startsWith', ['startsWith'], () => [Query.startsWith('name', token + ' Bravo')], () => ['b1', 'b2', 'b3']);
  await q('endsWith', ['endsWith'], () => [Query.endsWith('email', 'b3.' + token + '@example.org'), mine(Query)], () => ['b3']);
  await q('lessThan / lessThanEqual', ['lessThan', 'lessThanEqual'], () => [mine(Query), Query.lessThan('email', mail('b3')), Query.lessThanEqual('name', `${token} Bravo b2`), Query.startsWith('email', 'b')
    , Query.notEqual('email', mail('bcrypt'))], () => ['b1', 'b2']);
  await q('greaterThan / greaterThanEqual', ['greaterThan', 'greaterThanEqual'], () => [Query.startsWith('name', token + ' Bravo'), Query.greaterThan('email', mail('b1')), Query.greaterThanEqual('email', mail('b2'))], () => ['b2', 'b3']);
  await q('between(email)', ['between'], () => [Query.startsWith('name', token + ' Bravo'), Query.between('email', mail('b2'), mail('b3'))], () => ['b2', 'b3']);
  await q('greaterThan(registration, its own date)', ['greaterThanEqual'], () => [Query.startsWith('name', token + ' Bravo'), Query.greaterThanEqual('registration', B[0].registration)], () => ['b1', 'b2', 'b3']);
  await q('between(registration)', ['between'], () => [Query.startsWith('name', token + ' Bravo'), Query.between('registration', B[0].registration, B[2].registration)], () => ['b1', 'b2', 'b3']);
  await q('greaterThan(registration, 2100)', ['greaterThan'], () => [mine(Query), Query.greaterThan('registration', '2100-01-01T00:00:00.000+00:00')], () => []);
  await q('greaterThan($createdAt)', ['greaterThan'], () => [Query.startsWith('name', token + ' Bravo'), Query.greaterThan('$createdAt', '2000-01-01 00:00:00')], () => ['b1', 'b2', 'b3']);
  await q('greaterThan(passwordUpdate)', ['greaterThan'], () => [Query.startsWith('name', token + ' Bravo'), Query.greaterThan('passwordUpdate', '2000-01-01T00:00:00Z')], () => ['b1', 'b2', 'b3']);
  await q('equal(status, true)', ['equal'], () => [Query.startsWith('name', token + ' Bravo'), Query.equal('status', true)], () => ['b1', 'b2', 'b3']);
  await q('equal(emailVerification, [false])', ['equal'], () => [Query.startsWith('name', token + ' Bravo'), Query.equal('emailVerification', [false])], () => ['b1', 'b2', 'b3']);
  await q('equal(phoneVerification, true)', ['equal'], () => [mine(Query), Query.equal('phoneVerification', true)], () => []);
  await q('equal(phone)', ['equal'], () => [Query.equal('phone', tel)], () => ['a']);
  await q('equal($id)', ['equal'], () => [Query.equal('$id', [id('b1'), id('b2')])], () => ['b1', 'b2']);
  await q('isNull(phone)', ['isNull'], () => [Query.startsWith('name', token + ' Bravo'), Query.isNull('phone')], () => ['b1', 'b2', 'b3']);
  await q('isNotNull(phone)', ['isNotNull'], () => [mine(Query), Query.isNotNull('phone')], () => ['a']);
  await q('orderDesc', ['orderDesc'], () => [Query.startsWith('name', token + ' Bravo'), Query.orderDesc('email')], () => ['b3', 'b2', 'b1']);
  await q('orderAsc', ['orderAsc'], () => [Query.startsWith('name', token + ' Bravo'), Query.orderAsc('email')], () => ['b1', 'b2', 'b3']);
  await q('limit: total counts all', ['limit'], () => [Query.startsWith('name', token + ' Bravo'), Query.limit(2)], () => ['b1', 'b2'], 3);
  await q('offset', ['offset'], () => [Query.startsWith('name', token + ' Bravo'), Query.offset(1), Query.limit(1)], () => ['b2'], 3);
  await q('cursorAfter', ['cursorAfter'], () => [Query.startsWith('name', token + ' Bravo'), Query.cursorAfter(id('b1'))], () => ['b2', 'b3'], 3);
  await q('cursorAfter + orderDesc', ['cursorAfter', 'orderDesc'], () => [Query.startsWith('name', token + ' Bravo'), Query.orderDesc('email'), Query.cursorAfter(id('b3')), Query.limit(1)], () => ['b2'], 3);
  await q('cursorBefore', ['cursorBefore'], () => [Query.startsWith('name', token + ' Bravo'), Query.cursorBefore(id('b3'))], () => ['b1', 'b2'], 3);
  await check('list: cursor of an unknown user -> 400', 'must', ['Query.cursorAfter'], () => fails(400, 'general_cursor_not_found', L([Query.cursorAfter(id('none'))])));
  await check('list: unknown attribute -> 400', 'must', ['Query.equal'], () => fails(400, BADQ, L([Query.equal('shoeSize', 4)])));
  await check('list: negative limit -> 400', 'must', ['Query.limit'], () => fails(400, BADQ, L([Query.limit(-1)])));
  await check('list: not a query -> 400', 'must', ['list'], () => fails(400, BADQ, L(['nonsense'])));
  await check('list: 101 queries -> 400', 'must', ['Query.equal'], () => fails(400, 'general_argument_invalid', L(Array(101).fill(Query.equal('name', token)))));
  await check('list: value with comma, bracket, apostrophe, non-ASCII', 'must', ['Query.equal'], async () => {
    const name = `${token} Zoë, [O'Neil] (№ 1) & co? #%`;
    await call('updateName', { userId: id('b2'), name });
    const l = await L([Query.equal('name', name)]); eq(ids(l), [id('b2')], 'ids'); eq(l.users[0].name, name, 'name');
    await call('updateName', { userId: id('b2'), name: `${token} Bravo b2` });
  });
  await check('list: value with double quote and backslash', 'extra', ['Query.equal', 'createToken'], async () => {
    const name = `${token} say "hi" \\ there`;
    await call('updateName', { userId: id('b2'), name });
    try { const l = await L([Query.equal('name', name)]); eq(ids(l), [id('b2')], 'ids'); } finally { await call('updateName', { userId: id('b2'), name: `${token} Bravo b2` }); }
  });
  await check('list: Query.search(name) -> users or 400', 'must', ['Query.search'], async () => {
    let l;
    try { l = await L([Query.search('name', token)]); } catch (e) { eq(e.code, 400, 'error code (' + e.message + ')'); ok(BADQ.includes(e.type), 'error type ' + e.type); return; }
    ok(ids(l).includes(id('b1')), 'not found');
  });
  await check('list: Query.select -> 400', 'must', ['Query.select'], () => fails(400, BADQ, L([Query.select(['name'])])));
  // ---- later query methods
  const qx = (name, needs, queries, want) => check('list: ' + name, 'extra', ['list', ...needs.map(n => 'Query.' + n)], async () => { const l = await L(queries()); eq(ids(l), want.map(id), 'ids'); });
  const bravo = () => Query.startsWith('name', token + ' Bravo');
  await check('list: contains(labels)', 'extra', ['Query.contains', 'updateLabels'], async () => {
    await call('updateLabels', { userId: id('b2'), labels: [token + 'L', 'vip'] });
    eq(ids(await L([Query.contains('labels', [token + 'L'])])), [id('b2')], 'ids');
  });
  await qx('or', ['or'], () => [Query.or([Query.equal('email', mail('b1')), Query.equal('email', mail('b3'))])], ['b1', 'b3']);
  await qx('and', ['and'], () => [Query.and([bravo(), Query.equal('email', mail('b3'))])], ['b3']);
  await qx('or inside and', ['and', 'or'], () => [Query.and([bravo(), Query.or([Query.equal('email', mail('b1')), Query.equal('email', mail('b2'))])])], ['b1', 'b2']);
  await qx('notStartsWith / notEndsWith', ['notStartsWith', 'notEndsWith'], () => [bravo(), Query.notStartsWith('email', 'b1.'), Query.notEndsWith('name', 'b3')], ['b2']);
  await qx('notBetween', ['notBetween'], () => [bravo(), Query.notBetween('email', mail('b2'), mail('b3'))], ['b1']);
  await qx('createdAfter / createdBefore', ['createdAfter', 'createdBefore'], () => [bravo(), Query.createdAfter('2000-01-01T00:00:00Z'), Query.createdBefore('2100-01-01T00:00:00Z')], ['b1', 'b2', 'b3']);
  await qx('updatedBetween', ['updatedBetween'], () => [bravo(), Query.updatedBetween('2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z')], ['b1', 'b2', 'b3']);
  await check('list: orderRandom', 'extra', ['Query.orderRandom'], async () => { const l = await L([bravo(), Query.orderRandom()]); eq(ids(l).sort(), b123, 'ids'); });
  await check('list: total=false', 'extra', ['list'], async () => { if (!objectStyle || !takes('list', 'total')) throw new Skip(); const l = await users.list({ queries: [bravo()], total: false }); eq([l.total, l.users.length], [0, 3], 'total and length'); });
  // ---- updates
  const U = (m, args, test) => check(m, 'must', [m], async () => { const u = await call(m, { userId: id('a'), ...args }); test(u); const g = await call('get', { userId: id('a') }); test(g); });
  await U('updateName', { name: token + ' Renamed' }, u => eq(u.name, token + ' Renamed', 'name'));
  await check('updateName: 129 chars -> 400', 'must', ['updateName'], () => fails(400, 'general_argument_invalid', call('updateName', { userId: id('a'), name: 'x'.repeat(129) })));
  await check('updateName: found by search afterwards', 'must', ['updateName'], async () => { const l = await L(undefined, 'Renamed'); ok(ids(l).includes(id('a')), 'not found'); });
  await check('updateName: unknown user -> 404', 'must', ['updateName'], () => fails(404, 'user_not_found', call('updateName', { userId: id('none'), name: 'x' })));
  await U('updateEmailVerification', { emailVerification: true }, u => eq(u.emailVerification, true, 'emailVerification'));
  await U('updatePhoneVerification', { phoneVerification: true }, u => eq(u.phoneVerification, true, 'phoneVerification'));
  await U('updateEmail', { email: 'New.' + mail('a') }, u => { eq(u.email, ('New.' + mail('a')).toLowerCase(), 'email'); eq(u.emailVerification, false, 'emailVerification is reset'); });
  await check('updateEmail: taken -> 409', 'must', ['updateEmail'], () => fails(409, ['user_email_already_exists', 'user_target_already_exists'], call('updateEmail', { userId: id('a'), email: mail('b1') })));
  await check('updateEmail: bad -> 400', 'must', ['updateEmail'], () => fails(400, 'general_argument_invalid', call('updateEmail', { userId: id('a'), email: 'nope' })));
  const tel2 = phone(2);
  await U('updatePhone', { number: tel2 }, u => { eq(u.phone, tel2, 'phone'); eq(u.phoneVerification, false, 'phoneVerification is reset'); });
  await check('updatePhone: taken -> 409', 'must', ['updatePhone'], () => fails(409, ['user_phone_already_exists', 'user_target_already_exists'], call('updatePhone', { userId: id('b1'), number: tel2 })));
  await check('updatePhone: bad -> 400', 'must', ['updatePhone'], () => fails(400, 'general_argument_invalid', call('updatePhone', { userId: id('a'), number: 'nope' })));
  await U('updatePassword', { password: P + '-2' }, u => { ok(u.password !== A.password && String(u.password).startsWith('$argon2'), 'password hash did not change'); ok(u.passwordUpdate >= A.passwordUpdate && ISO.test(u.passwordUpdate), 'passwordUpdate ' + u.passwordUpdate); });
  await check('updatePassword: short -> 400', 'must', ['updatePassword'], () => fails(400, 'general_argument_invalid', call('updatePassword', { userId: id('a'), password: 'short' })));
  await U('updateLabels', { labels: ['vip', 'Pro1', 'vip'] }, u => eq(u.labels, ['vip', 'Pro1'], 'labels'));
  await check('updateLabels: clear', 'must', ['updateLabels'], async () => eq((await call('updateLabels', { userId: id('a'), labels: [] })).labels, [], 'labels'));
  await check('updateLabels: bad label -> 400', 'must', ['updateLabels'], () => fails(400, 'general_argument_invalid', call('updateLabels', { userId: id('a'), labels: ['not-ok'] })));
  await U('updateStatus', { status: false }, u => eq(u.status, false, 'status'));
  await check('updateStatus: equal(status, false) finds the user', 'must', ['Query.equal'], async () => eq(ids(await L([mine(Query), Query.equal('status', false)])), [id('a')], 'ids'));
  await check('updateStatus: back to true', 'must', ['updateStatus'], async () => eq((await call('updateStatus', { userId: id('a'), status: true })).status, true, 'status'));
  const prefs = { theme: 'dark', size: 12, ratio: 1.5, on: true, nothing: null, nested: { list: [1, 'two', { three: 3 }] }, 'ключ': 'Ünï' };
  await check('updatePrefs', 'must', ['updatePrefs'], async () => eq(await call('updatePrefs', { userId: id('a'), prefs }), prefs, 'prefs'));
  await check('getPrefs', 'must', ['getPrefs'], async () => eq(await call('getPrefs', { userId: id('a') }), prefs, 'prefs'));
  await check('get: prefs inside the user', 'must', ['get'], async () => eq((await call('get', { userId: id('a') })).prefs, prefs, 'prefs'));
  await check('updatePrefs: replaces, not merges', 'must', ['updatePrefs'], async () => { await call('updatePrefs', { userId: id('a'), prefs: { only: 'this' } }); eq(await call('getPrefs', { userId: id('a') }), { only: 'this' }, 'prefs'); });
  await check('updatePrefs: {}', 'must', ['updatePrefs'], async () => { const p = await call('updatePrefs', { userId: id('a'), prefs: {} }); eq(JSON.stringify(p), '{}', 'prefs'); });
  await check('updatePrefs: a string -> 400', 'must', ['updatePrefs'], () => fails(400, 'general_argument_invalid', call('updatePrefs', { userId: id('a'), prefs: 'text' })));
  await check('$updatedAt moves', 'must', ['get'], async () => { const g = await call('get', { userId: id('a') }); ok(g.$updatedAt > A.$updatedAt, `${g.$updatedAt} <= ${A.$updatedAt}`); eq(g.$createdAt, A.$createdAt, '$createdAt'); });
  // ---- sessions, memberships, logs, identities
  await check('listSessions: empty', 'must', ['listSessions'], async () => { const s = await call('listSessions', { userId: id('b3') }); eq([s.total, s.sessions], [0, []], 'list'); });
  await check('deleteSession: unknown -> 404', 'must', ['deleteSession'], () => fails(404, 'user_session_not_found', call('deleteSession', { userId: id('b3'), sessionId: 'none' })));
  await check('deleteSessions: none there', 'must', ['deleteSessions'], async () => { const r = await call('deleteSessions', { userId: id('b3') }); ok(empty(r), 'answer: ' + JSON.stringify(r)); });
  await check('listSessions: unknown user -> 404', 'must', ['listSessions'], () => fails(404, 'user_not_found', call('listSessions', { userId: id('none') })));
  await check('listMemberships: empty', 'must', ['listMemberships'], async () => { const s = await call('listMemberships', { userId: id('b3') }); eq([s.total, s.memberships], [0, []], 'list'); });
  await check('listLogs', 'must', ['listLogs'], async () => { const s = await call('listLogs', { userId: id('a') }); ok(Number.isInteger(s.total) && Array.isArray(s.logs), JSON.stringify(s).slice(0, 80)); });
  await check('listLogs: limit and offset', 'must', ['listLogs'], async () => { const s = await call('listLogs', { userId: id('a'), queries: [Query.limit(1), Query.offset(1)] }); ok(s.logs.length <= 1, 'length'); });
  await check('listLogs: what was done to the user, newest first', 'must', ['listLogs'], async () => {
    const s = await call('listLogs', { userId: id('a') });
    ok(s.total > 5 && s.logs.length > 5, 'total ' + s.total);
    for (const k of ['event', 'ip', 'time', 'mode']) ok(typeof s.logs[0][k] === 'string' && s.logs[0][k], `${k}: ${s.logs[0][k]}`);
    ok(ISO.test(s.logs[0].time) && s.logs[0].time >= s.logs[s.logs.length - 1].time, 'time');
  });
  await check('listLogs: other query -> 400', 'must', ['listLogs'], () => fails(400, null, call('listLogs', { userId: id('a'), queries: [Query.equal('event', 'x')] })));
  await check('listLogs: unknown user -> 404', 'must', ['listLogs'], () => fails(404, 'user_not_found', call('listLogs', { userId: id('none') })));
  await check('listIdentities', 'must', ['listIdentities'], async () => { const s = await call('listIdentities', { queries: [Query.equal('userId', id('a'))] }); eq([s.total, s.identities], [0, []], 'list'); });
  await check('listIdentities: no arguments', 'must', ['listIdentities'], async () => { const s = await call('listIdentities'); ok(Number.isInteger(s.total) && Array.isArray(s.identities), JSON.stringify(s).slice(0, 80)); });
  await check('listIdentities: unknown attribute -> 400', 'must', ['listIdentities'], async () => { await fails(400, null, call('listIdentities', { queries: [Query.equal('shoeSize', '4')] })); });
  await check('deleteIdentity: unknown -> 404', 'must', ['deleteIdentity'], () => fails(404, 'user_identity_not_found', call('deleteIdentity', { identityId: 'none' })));
  // ---- a user with rows in every list
  const texts = (row, keys) => { for (const k of keys) ok(typeof row[k] === 'string', `${k}: ${row[k]}`); };
  await check('listSessions, deleteSession: one that is there', 'must', ['listSessions', 'deleteSession'], async () => {
    const l = await call('listSessions', { userId: rich }), s = l.sessions[0];
    eq([l.total, l.sessions.length, s.userId, s.provider, s.current], [1, 1, rich, 'server', false], 'total, length, userId, provider, current');
    texts(s, ['$createdAt', 'expire', 'ip', 'osName', 'clientName', 'deviceName', 'countryCode', 'countryName']);
    ok(empty(await call('deleteSession', { userId: rich, sessionId: s.$id })), 'answer');
    eq((await call('listSessions', { userId: rich })).total, 0, 'total afterwards');
  });
  await check('listMemberships: the team of a user', 'must', ['listMemberships'], async () => {
    const l = await call('listMemberships', { userId: rich }), m = l.memberships[0];
    eq([l.total, l.memberships.length], [1, 1], 'total, length');
    eq([m.$id, m.userId, m.userName, m.userEmail, m.teamId, m.teamName, m.roles, m.confirm],
      [rich + '.member', rich, 'Rows ' + rich, rich + '@example.org', rich + '.team', 'Team of ' + rich, ['owner', 'reader'], true], 'membership');
    for (const k of ['$createdAt', '$updatedAt', 'invited', 'joined']) ok(ISO.test(m[k]), `${k}: ${m[k]}`);
  });
  await check('listMemberships: queries', 'extra', ['listMemberships'], async () => {
    if (!takes('listMemberships', 'queries')) throw new Skip();
    for (const [role, total] of [['reader', 1], ['writer', 0]]) {
      eq((await call('listMemberships', { userId: rich, queries: [Query.equal('confirm', true), Query.contains('roles', [role])] })).total, total, 'total of ' + role);
    }
  });
  await check('listIdentities: those of a user', 'must', ['listIdentities'], async () => {
    const l = await call('listIdentities', { queries: [Query.equal('userId', rich), Query.orderAsc('providerUid')] });
    eq([l.total, l.identities.map(i => [i.$id, i.userId, i.provider, i.providerUid, i.providerEmail])], [2, [
      [rich + '.id1', rich, 'github', rich + '-1', `uid1.${rich}@example.org`], [rich + '.id2', rich, 'google', rich + '-2', `uid2.${rich}@example.org`],
    ]], 'identities');
    for (const i of l.identities) texts(i, ['$createdAt', '$updatedAt', 'providerAccessToken', 'providerAccessTokenExpiry', 'providerRefreshToken']);
    eq((await call('listIdentities', { queries: [Query.equal('providerEmail', `uid2.${rich}@example.org`)] })).identities.map(i => i.$id), [rich + '.id2'], 'ids by email');
  });
  await check('deleteIdentity', 'must', ['deleteIdentity'], async () => {
    ok(empty(await call('deleteIdentity', { identityId: rich + '.id1' })), 'answer');
    eq((await call('listIdentities', { queries: [Query.equal('userId', rich)] })).identities.map(i => i.$id), [rich + '.id2'], 'ids');
    await fails(404, 'user_identity_not_found', call('deleteIdentity', { identityId: rich + '.id1' }));
  });
  // ---- log in with a hashed password (Account service): proves the hash is really checked
  for (const [, h] of hashed) {
    await check(`log in with the ${h} password`, 'extra', [], async () => {
      const acc = new Account(bare());
      const m = typeof acc.createEmailPasswordSession === 'function' ? 'createEmailPasswordSession' : typeof acc.createEmailSession === 'function' ? 'createEmailSession' : null;
      if (!m) throw new Skip();
      const s = await (objectStyle ? acc[m]({ email: mail(h), password: P }) : acc[m](mail(h), P));
      eq(s.userId, id(h), 'userId');
      const g = await call('get', { userId: id(h) }); eq(g.hash, 'argon2', 'hash after log-in'); ok(String(g.password).startsWith('$argon2'), 'password after log-in');
    });
  }
  await check('log in with a wrong password -> 401', 'extra', [], async () => {
    const acc = new Account(bare());
    const m = typeof acc.createEmailPasswordSession === 'function' ? 'createEmailPasswordSession' : 'createEmailSession';
    if (typeof acc[m] !== 'function') throw new Skip();
    await fails(401, 'user_invalid_credentials', objectStyle ? acc[m]({ email: mail('md5'), password: P + 'x' }) : acc[m](mail('md5'), P + 'x'));
  });
  // ---- the services beside Users, and what they put into the Users lists
  // service method with named arguments, given in the order of the positional style
  const service = (s, m, args) => objectStyle ? s[m](args) : s[m](...Object.values(args));
  const withSession = async x => { const c = bare(); if (typeof c.setSession !== 'function') throw new Skip(); return c.setSession((await call('createSession', { userId: id(x) })).secret); };
  await check('session of a client: account.get, prefs, listSessions', 'extra', ['createSession'], async () => {
    const acc = new Account(await withSession('b1'));
    eq((await acc.get()).$id, id('b1'), '$id');
    await service(acc, 'updatePrefs', { prefs: { from: 'account' } }); eq(await call('getPrefs', { userId: id('b1') }), { from: 'account' }, 'prefs');
    const l = await call('listSessions', { userId: id('b1') }); eq(l.total, 1, 'total'); await call('deleteSession', { userId: id('b1'), sessionId: l.sessions[0].$id });
    await fails(401, null, acc.get());
  });
  await check('JWT of a client: account.get', 'extra', ['createJWT'], async () => {
    eq((await new Account(bare().setJWT((await call('createJWT', { userId: id('b1') })).jwt)).get()).$id, id('b1'), '$id');
  });
  await check('blocked user: sessions answer 403, and work again after', 'extra', ['createSession'], async () => {
    const acc = new Account(await withSession('b2'));
    await call('updateStatus', { userId: id('b2'), status: false }); await fails(403, 'user_blocked', acc.get());
    await call('updateStatus', { userId: id('b2'), status: true }); eq((await acc.get()).$id, id('b2'), '$id');
    await call('deleteSessions', { userId: id('b2') });
  });
  await check('password change by key ends the sessions', 'extra', ['createSession'], async () => {
    const acc = new Account(await withSession('b2'));
    await call('updatePassword', { userId: id('b2'), password: P + '-3' }); await fails(401, null, acc.get()); eq((await call('listSessions', { userId: id('b2') })).total, 0, 'total');
  });
  await check('sign-up by a client, seen by list', 'extra', [], async () => {
    const acc = new Account(bare());
    if (typeof acc.create !== 'function') throw new Skip();
    const u = await service(acc, 'create', { userId: id('new'), email: mail('new'), password: P, name: token + ' New' }); made.add(id('new'));
    eq(u.$id, id('new'), '$id'); ok(!u.password, 'password is shown to the client'); eq((await call('get', { userId: id('new') })).email, mail('new'), 'email');
  });
  await check('team membership, seen by listMemberships', 'extra', [], async () => {
    const teams = new Teams(client), teamId = id('team');
    await service(teams, 'create', { teamId, name: token + ' Team' });
    try {
      const m = await service(teams, 'createMembership', { teamId, roles: ['owner'], email: undefined, userId: id('b1') });
      eq([m.userId, m.confirm], [id('b1'), true], 'userId and confirm');
      const l = await call('listMemberships', { userId: id('b1') });
      eq([l.total, l.memberships[0].$id, l.memberships[0].teamName, l.memberships[0].roles], [1, m.$id, token + ' Team', ['owner']], 'list');
    } finally { await service(teams, 'delete', { teamId }); }
    eq((await call('listMemberships', { userId: id('b1') })).total, 0, 'total after the team is gone');
  });
  // ---- later additions
  await check('createSession, listSessions, deleteSession', 'extra', ['createSession'], async () => {
    const s = await call('createSession', { userId: id('b1') }); eq(s.userId, id('b1'), 'userId'); ok(typeof s.secret === 'string' && s.secret.length > 8, 'secret'); ok(Date.parse(s.expire) > Date.now(), 'expire');
    const l = await call('listSessions', { userId: id('b1') }); eq([l.total, l.sessions[0].$id], [1, s.$id], 'list'); ok(!l.sessions[0].current, 'current');
    await call('deleteSession', { userId: id('b1'), sessionId: s.$id }); eq((await call('listSessions', { userId: id('b1') })).total, 0, 'total after delete');
  });
  await check('createSession twice, deleteSessions', 'extra', ['createSession'], async () => {
    await call('createSession', { userId: id('b1') }); await call('createSession', { userId: id('b1') });
    eq((await call('listSessions', { userId: id('b1') })).total, 2, 'total'); await call('deleteSessions', { userId: id('b1') }); eq((await call('listSessions', { userId: id('b1') })).total, 0, 'total after delete');
  });
  await check('createToken', 'extra', ['createToken'], async () => { const t = await call('createToken', { userId: id('b1'), length: 12, expire: 120 }); eq([t.userId, t.secret.length], [id('b1'), 12], 'userId and secret length'); });
  await check('createToken: defaults', 'extra', ['createToken'], async () => eq((await call('createToken', { userId: id('b1') })).secret.length, 6, 'secret length'));
  await check('createJWT', 'extra', ['createJWT'], async () => { const j = await call('createJWT', { userId: id('b1'), duration: 60 }); const p = JSON.parse(Buffer.from(j.jwt.split('.')[1], 'base64url')); eq(p.userId, id('b1'), 'userId in the token'); });
  let T;
  await check('listTargets', 'extra', ['listTargets'], async () => { const l = await call('listTargets', { userId: id('b1') }); eq([l.total, l.targets[0].identifier, l.targets[0].providerType], [1, mail('b1'), 'email'], 'list'); });
  await check('createTarget', 'extra', ['createTarget'], async () => { T = await call('createTarget', { userId: id('b1'), targetId: ID.unique(), providerType: 'email', identifier: 't.' + mail('b1'), name: 'second' }); eq([T.userId, T.identifier, T.name, T.providerType], [id('b1'), 't.' + mail('b1'), 'second', 'email'], 'target'); });
  await check('getTarget', 'extra', ['getTarget'], async () => eq((await call('getTarget', { userId: id('b1'), targetId: T.$id })).identifier, 't.' + mail('b1'), 'identifier'));
  await check('updateTarget', 'extra', ['updateTarget'], async () => eq((await call('updateTarget', { userId: id('b1'), targetId: T.$id, identifier: 'u.' + mail('b1') })).identifier, 'u.' + mail('b1'), 'identifier'));
  await check('deleteTarget', 'extra', ['deleteTarget'], async () => { await call('deleteTarget', { userId: id('b1'), targetId: T.$id }); await fails(404, 'user_target_not_found', call('getTarget', { userId: id('b1'), targetId: T.$id })); });
  // From 18 on the methods of MFA are there twice, by an older name and by a newer one; each gets a user of its own.
  const twice = (m, fn) => Promise.all([m, m.replace('Mfa', 'MFA')].filter(has).map((name, i) => fn(name, id(['b1', 'b3'][i]), i)));
  await check('updateMFA', 'extra', ['updateMfa'], () => twice('updateMfa', async (m, userId) => {
    for (const mfa of [true, false]) eq((await call(m, { userId, mfa })).mfa, mfa, 'mfa');
  }));
  await check('listMFAFactors', 'extra', ['listMfaFactors'], () => twice('listMfaFactors', async (m, userId) => { const f = await call(m, { userId }); for (const k of ['totp', 'phone', 'email']) eq(f[k], false, k); }));
  const codes = [];
  await check('getMFARecoveryCodes: none -> 404', 'extra', ['getMfaRecoveryCodes'], () => twice('getMfaRecoveryCodes', (m, userId) => fails(404, 'user_recovery_codes_not_found', call(m, { userId }))));
  await check('createMFARecoveryCodes', 'extra', ['createMfaRecoveryCodes'], () => twice('createMfaRecoveryCodes', async (m, userId, i) => { codes[i] = (await call(m, { userId })).recoveryCodes; eq(codes[i].length, 6, 'number of codes'); }));
  await check('getMFARecoveryCodes', 'extra', ['getMfaRecoveryCodes'], () => twice('getMfaRecoveryCodes', async (m, userId, i) => eq((await call(m, { userId })).recoveryCodes, codes[i], 'codes')));
  await check('updateMFARecoveryCodes', 'extra', ['updateMfaRecoveryCodes'], () => twice('updateMfaRecoveryCodes', async (m, userId, i) => { const c = (await call(m, { userId })).recoveryCodes; ok(c.length === 6 && c[0] !== codes[i][0], 'codes did not change'); }));
  await check('deleteMFAAuthenticator: none -> 404', 'extra', ['deleteMfaAuthenticator'], () => twice('deleteMfaAuthenticator', async (m, userId) => {
    await fails(404, 'user_authenticator_not_found', call(m, { userId, type: 'totp' }));
    recorder.refused(m); // only users add authenticators
  }));
  await check('updateImpersonator', 'extra', ['updateImpersonator'], async () => eq((await call('updateImpersonator', { userId: id('b1'), impersonator: true })).impersonator, true, 'impersonator'));
  await check('positional call style of an object-style release', 'must', [], async () => {
    if (!objectStyle) throw new Skip();
    const u = await users.create(id('pos'), mail('pos'), undefined, P, token + ' Pos'); made.add(u.$id); eq(u.email, mail('pos'), 'email');
    eq(ids(await users.list([Query.equal('email', mail('pos'))])), [id('pos')], 'ids'); eq((await users.updateName(id('pos'), 'P')).name, 'P', 'name'); await users.delete(id('pos')); made.delete(id('pos'));
  });
  // ---- delete
  await check('delete', 'must', ['delete'], async () => {
    const r = await call('delete', { userId: id('a') }); made.delete(id('a')); ok(empty(r), 'answer: ' + JSON.stringify(r));
    await fails(404, 'user_not_found', call('get', { userId: id('a') }));
  });
  await check('delete: again -> 404', 'must', ['delete'], () => fails(404, 'user_not_found', call('delete', { userId: id('a') })));
  await check('delete: gone from list', 'must', ['Query.equal'], async () => eq((await L([Query.equal('$id', id('a'))])).total, 0, 'total'));
  await check('delete: its email can be used again', 'must', ['create'], async () => { const u = await call('create', { userId: id('again'), email: 'new.' + mail('a') }); made.add(u.$id); });
  for (const x of made) { try { await call('delete', { userId: x }); } catch (e) { /* left behind */ } }
  const h = client.headers || {};
  const fmt = Object.keys(h).filter(k => k.toLowerCase() === 'x-appwrite-response-format').map(k => h[k])[0];
  process.stdout.write(JSON.stringify({ sdk: version, format: fmt, methods: recorder.methods(Users), results }) + '\n');
  process.exit(0);
})().catch(e => { process.stdout.write(JSON.stringify({ sdk: version, results, crash: String(e && e.stack || e) }) + '\n'); process.exit(1); });
