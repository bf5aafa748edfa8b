'use strict';
// One release of the web SDK against one server. This file runs as it stands in Node.js and in a page, so it knows neither:
//   webScenario(sdk, host) -> { format, methods, results: [{ id, level, state, text, calls }] }
// sdk is the loaded package; common/recorder.js and `window.localStorage` are there. host (host.js, and chromium.js for
// what only a browser has) does what a client cannot: it asks the server with the API key, and looks into the browser from
// outside.
globalThis.webScenario = async function webScenario(sdk, host) {
  const { Client, Account, ID, Query } = sdk;
  const { endpoint, project, version, password } = host;
  const major = parseInt(version, 10);
  const storage = window.localStorage;
  const bare = () => new Client().setEndpoint(endpoint).setProject(project);
  const recorder = makeRecorder();
  const accountOf = client => recorder.of(new Account(client));
  const account = accountOf(bare());
  // The newer releases take one object; the older ones the same values in order.
  const objectStyle = major >= 21;
  const ask = (service, m, args) => objectStyle ? service[m](args) : service[m](...Object.values(args || {}));
  const call = (m, args) => ask(account, m, args);

  const results = [];
  function eq(a, b, what) {
    const x = JSON.stringify(a), y = JSON.stringify(b);
    if (x !== y) throw new Error(`${what}: got ${x}, want ${y}`);
  }
  function ok(c, what) { if (!c) throw new Error(what); }
  async function fails(code, type, p) {
    let r;
    try { r = await p; } catch (e) {
      eq([e.code, e.type], [code, type], 'error (' + e.message + ')');
      ok(typeof e.message === 'string' && e.message.length > 0, 'error message is empty');
      return e;
    }
    throw new Error(`no error, want ${code} ${type}; answer ${JSON.stringify(r).slice(0, 80)}`);
  }
  // needs: methods of the Account service of this release, of its Client (client.x), or what only some hosts can do (host.x)
  const has = need => {
    const [of, name] = need.includes('.') ? need.split('.') : ['account', need];
    return typeof { account, client: Client.prototype, host }[of][name] === 'function';
  };
  async function check(id, needs, fn) {
    const result = { id, level: 'must', state: 'ok', text: '' };
    results.push(result);
    if (!needs.every(has)) { result.state = 'n/a'; return; }
    recorder.take();
    try { await fn(); } catch (e) {
      result.state = 'fail';
      result.text = (e.message || String(e)).split('\n')[0].slice(0, 260) + (e.type ? ` [${e.code} ${e.type}]` : e.code ? ` [${e.code}]` : '');
    }
    result.calls = recorder.take();
  }

  // some releases read a 204 as text and hand back { message: '' }, some with a method of theirs
  const empty = r => !r || Object.keys(r).filter(k => typeof r[k] !== 'function').every(k => k === 'message' && r[k] === '');
  const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/;
  const YEAR = 31536000e3;
  const token = 'w' + major + Math.random().toString(36).slice(2, 9);
  const id = s => `${token}.${s}`;
  const mail = s => `${s}.${token}@example.org`;
  const phone = '+1557' + major + String(Math.floor(Math.random() * 90000) + 10000);
  const first = password, second = password + '-2';
  const A = id('a'), made = new Set([A]);

  // ---- devices: this one, and others that take its place for a while
  const COOKIE = 'a_session_' + project;
  const kept = () => { const text = storage.getItem('cookieFallback'); return text === null ? null : JSON.parse(text); };
  const carried = () => (kept() || {})[COOKIE] || '';
  const device = cookieFallback => ({ cookieFallback: cookieFallback || null, cookies: [] });
  async function takeOut() {
    const taken = { cookieFallback: storage.getItem('cookieFallback'), cookies: host.takeCookies ? await host.takeCookies() : [] };
    storage.removeItem('cookieFallback');
    return taken;
  }
  async function putIn(d) {
    if (d.cookieFallback !== null) storage.setItem('cookieFallback', d.cookieFallback);
    if (host.takeCookies) await host.putCookies(d.cookies);
  }
  async function on(other, fn) {
    const mine = await takeOut();
    await putIn(other);
    try { return await fn(); } finally { Object.assign(other, await takeOut()); await putIn(mine); }
  }
  const anew = fn => on(device(), fn);

  const SIGN_IN = typeof account.createEmailPasswordSession === 'function' ? 'createEmailPasswordSession' : 'createEmailSession';
  let email = mail('a'), secret = first; // what signs the user in by now
  const signIn = (with_ = {}) => call(SIGN_IN, { email, password: secret, ...with_ });
  async function otherDevice() { const d = device(); d.session = await on(d, () => signIn()); return d; }
  const guest = async () => {
    const e = await fails(401, 'general_unauthorized_scope', call('get'));
    ok(e.message.includes('(role: guests) missing scope'), 'apps look for "(role: guests) missing scope" in: ' + e.message);
  };
  const shown = u => { for (const k of ['password', 'hash', 'hashOptions']) ok(!(k in u), `${k} is shown to the client`); };
  // the newest format shows a session without its secret; the oldest does not know the field
  const secretless = s => eq(s.secret, major < 14 ? undefined : '', 'secret');

  // ---- sign up
  let user = {}, session = {};
  await check('guest: account.get -> 401', [], guest);
  await check('create', ['create'], async () => {
    user = await call('create', { userId: A, email: 'A.' + token + '@Example.org', password: secret, name: token + ' Alpha' });
    eq([user.$id, user.email, user.name, user.phone], [A, email, token + ' Alpha', ''], '$id, email, name, phone');
    eq([user.status, user.labels, user.prefs, user.emailVerification, user.phoneVerification], [true, [], {}, false, false], 'status, labels, prefs, verifications');
    for (const k of ['$createdAt', '$updatedAt', 'registration', 'passwordUpdate']) ok(ISO.test(user[k]), `${k}: ${user[k]}`);
    shown(user);
  });
  await check('create: mfa and targets', ['create'], async () => {
    eq([user.mfa, user.targets.length, user.targets[0].identifier, user.targets[0].providerType], [false, 1, email, 'email'], 'mfa, targets');
  });
  await check('create: does not sign in', ['create'], async () => { eq(kept(), null, 'cookieFallback'); await guest(); });
  await check('create: ID.unique()', ['create'], async () => {
    const u = await call('create', { userId: ID.unique(), email: mail('b'), password: first });
    made.add(u.$id); eq([u.email, u.name], [mail('b'), ''], 'email, name');
  });
  await check('create: same id again -> 409', ['create'], () => fails(409, 'user_already_exists', call('create', { userId: A, email: mail('c'), password: first })));
  await check('create: same email again -> 409', ['create'], () => fails(409, 'user_already_exists', call('create', { userId: id('c'), email, password: first })));
  await check('create: short password -> 400', ['create'], () => fails(400, 'general_argument_invalid', call('create', { userId: id('c'), email: mail('c'), password: 'short' })));
  await check('create: bad email -> 400', ['create'], () => fails(400, 'general_argument_invalid', call('create', { userId: id('c'), email: 'nobody', password: first })));

  // ---- sign in
  await check('sign in: wrong password -> 401', [SIGN_IN], () => fails(401, 'user_invalid_credentials', signIn({ password: secret + 'x' })));
  await check('sign in: unknown email -> the same answer', [SIGN_IN], async () => {
    const wrong = await fails(401, 'user_invalid_credentials', signIn({ password: secret + 'x' }));
    const unknown = await fails(401, 'user_invalid_credentials', signIn({ email: mail('nobody') }));
    eq(unknown.message, wrong.message, 'message'); eq(kept(), null, 'cookieFallback');
  });
  await check('sign in', [SIGN_IN], async () => {
    session = await signIn();
    eq([session.userId, session.provider, session.providerUid, session.current], [A, 'email', email, true], 'userId, provider, providerUid, current');
    secretless(session);
    if (major >= 14) eq(session.factors, ['password'], 'factors');
    ok(Math.abs(Date.parse(session.expire) - Date.now() - YEAR) < 120e3, 'expire is not about a year ahead: ' + session.expire);
    ok(ISO.test(session.expire) && ISO.test(session.$createdAt) && session.ip, `expire, $createdAt, ip: ${session.expire} ${session.$createdAt} ${session.ip}`);
  });
  await check('sign in: what the SDK keeps for X-Fallback-Cookies', [SIGN_IN], async () => {
    eq(Object.keys(kept() || {}), [COOKIE], 'names');
    const { id, secret } = JSON.parse(atob(carried()));
    eq(id, A, 'id'); ok(/^[0-9a-f]{256}$/.test(secret), 'secret: ' + secret);
  });
  await check('sign in: the session names the browser', ['host.cookies'], async () => {
    eq([session.clientType, session.clientEngine, session.osName, session.deviceName], ['browser', 'Blink', 'GNU/Linux', 'desktop'], 'clientType, clientEngine, osName, deviceName');
    ok(/Chrom/.test(session.clientName), 'clientName: ' + session.clientName);
  });
  await check('cookies: HttpOnly, of this host alone, as long as the session', ['host.cookies'], async () => {
    const cookies = await host.cookies();
    // A browser takes SameSite=None only over https; over http the cookie without SameSite is the one that remains.
    const want = endpoint.startsWith('https:') ? [COOKIE, COOKIE + '_legacy'] : [COOKIE + '_legacy'];
    eq(cookies.map(c => c.name).sort(), want, 'names');
    for (const c of cookies) {
      eq([c.domain, c.path, c.httpOnly], [new URL(endpoint).hostname, '/', true], 'domain, path, httpOnly of ' + c.name);
      ok(Math.abs(c.expires * 1000 - Date.parse(session.expire)) < 5e3, `${c.name} expires at ${c.expires}, the session at ${session.expire}`);
      eq(decodeURIComponent(c.value), carried(), 'value');
    }
    eq(document.cookie, '', 'document.cookie');
  });
  await check('account.get', ['get'], async () => { const u = await call('get'); eq([u.$id, u.email, u.$createdAt], [A, email, user.$createdAt], '$id, email, $createdAt'); shown(u); });
  await check('cookies alone carry the session', ['host.cookies'], async () => {
    const text = storage.getItem('cookieFallback');
    storage.removeItem('cookieFallback');
    try { eq((await call('get')).$id, A, '$id'); } finally { storage.setItem('cookieFallback', text); }
  });
  await check('X-Fallback-Cookies alone carries the session', ['host.cookies'], () => on(device(storage.getItem('cookieFallback')), async () => {
    eq((await host.cookies()).length, 0, 'cookies'); eq((await call('get')).$id, A, '$id');
  }));
  await check('X-Appwrite-Session (setSession) carries the session', ['client.setSession'], async () => {
    const value = carried();
    await anew(async () => { await guest(); eq((await accountOf(bare().setSession(value)).get()).$id, A, '$id'); });
  });
  await check('a session with another secret is none', ['get'], async () => {
    const other = btoa(JSON.stringify({ id: A, secret: 'f'.repeat(256) }));
    await on(device(JSON.stringify({ [COOKIE]: other })), guest);
  });
  await check('sign in: again while signed in -> 401 (since 1.5)', ['createEmailPasswordSession'], () => fails(401, 'user_session_already_exists', signIn()));
  await check('createAnonymousSession: while signed in -> 401', ['createAnonymousSession'], () => fails(401, 'user_session_already_exists', call('createAnonymousSession')));

  // ---- sessions
  await check('listSessions', ['listSessions'], async () => {
    const l = await call('listSessions');
    eq([l.total, l.sessions.map(s => s.$id), l.sessions[0].current], [1, [session.$id], true], 'total, ids, current'); secretless(l.sessions[0]);
  });
  await check('getSession: current, and by id', ['getSession'], async () => {
    for (const sessionId of ['current', session.$id]) {
      const s = await call('getSession', { sessionId });
      eq([s.$id, s.userId, s.current, s.expire], [session.$id, A, true, session.expire], '$id, userId, current, expire'); secretless(s);
    }
  });
  await check('getSession: unknown -> 404', ['getSession'], () => fails(404, 'user_session_not_found', call('getSession', { sessionId: 'none' })));
  await check('updateSession: lasts longer', ['updateSession'], async () => {
    const s = await call('updateSession', { sessionId: 'current' });
    eq([s.$id, s.current], [session.$id, true], '$id, current'); ok(s.expire > session.expire, `expire ${s.expire}, before ${session.expire}`);
    eq((await call('getSession', { sessionId: 'current' })).expire, s.expire, 'expire when read'); session = s;
  });
  let jwt;
  await check('createJWT: a second client acts as the user', ['createJWT'], async () => {
    jwt = (await call('createJWT')).jwt;
    await anew(async () => {
      const other = accountOf(bare().setJWT(jwt));
      eq((await other.get()).$id, A, '$id');
      await fails(404, 'user_session_not_found', ask(other, 'getSession', { sessionId: 'current' }));
      eq(kept(), null, 'cookieFallback');
    });
  });
  await check('createJWT: a server acts as the user', ['createJWT'], async () => eq((await host.asUser(jwt)).$id, A, '$id'));
  await check('createJWT: changed by a third -> 401', ['createJWT'], () => anew(() => fails(401, 'user_jwt_invalid', accountOf(bare().setJWT(jwt.slice(0, -6) + 'AAAAAA')).get())));
  await check('createJWT: without a session -> 401', ['createJWT'], () => anew(() => fails(401, 'general_unauthorized_scope', call('createJWT'))));

  // ---- the account
  const same = (u, want) => { for (const k in want) eq(u[k], want[k], k); };
  const change = (m, args, want) => check(m, [m], async () => { const u = await call(m, args); same(u, want); shown(u); same(await call('get'), want); });
  await change('updateName', { name: token + ' Renamed' }, { $id: A, name: token + ' Renamed' });
  await check('updateName: 129 chars -> 400', ['updateName'], () => fails(400, 'general_argument_invalid', call('updateName', { name: 'x'.repeat(129) })));
  const prefs = { theme: 'dark', size: 12, ratio: 1.5, on: true, nothing: null, nested: { list: [1, 'two', { three: 3 }] }, 'ключ': 'Ünï' };
  await change('updatePrefs', { prefs }, { prefs });
  await check('getPrefs', ['getPrefs'], async () => eq(await call('getPrefs'), prefs, 'prefs'));
  await check('updatePrefs: replaces, not merges', ['updatePrefs'], async () => { await call('updatePrefs', { prefs: { only: 'this' } }); eq(await call('getPrefs'), { only: 'this' }, 'prefs'); });
  await check('updateEmail: wrong password -> 401', ['updateEmail'], () => fails(401, 'user_invalid_credentials', call('updateEmail', { email: mail('new'), password: secret + 'x' })));
  await check('updateEmail: taken -> 409', ['updateEmail'], () => fails(409, 'user_email_already_exists', call('updateEmail', { email: mail('b'), password: secret })));
  await change('updateEmail', { email: 'New.' + mail('a'), password: secret }, { email: 'new.' + mail('a'), emailVerification: false });
  await check('updateEmail: the new one signs in, the old one does not', ['updateEmail'], () => anew(async () => {
    await fails(401, 'user_invalid_credentials', signIn());
    email = 'new.' + mail('a'); await signIn(); await call('deleteSession', { sessionId: 'current' });
  }));
  await check('updatePhone: wrong password -> 401', ['updatePhone'], () => fails(401, 'user_invalid_credentials', call('updatePhone', { phone, password: secret + 'x' })));
  await change('updatePhone', { phone, password: secret }, { phone, phoneVerification: false });
  await check('updatePhone: bad -> 400', ['updatePhone'], () => fails(400, 'general_argument_invalid', call('updatePhone', { phone: 'nope', password: secret })));
  await check('updatePassword: wrong old one -> 401', ['updatePassword'], () => fails(401, 'user_invalid_credentials', call('updatePassword', { password: second, oldPassword: secret + 'x' })));
  await check('updatePassword: short -> 400', ['updatePassword'], () => fails(400, 'general_argument_invalid', call('updatePassword', { password: 'short', oldPassword: secret })));
  await check('updatePassword: keeps this session, ends the others', ['updatePassword'], async () => {
    const other = await otherDevice();
    const u = await call('updatePassword', { password: second, oldPassword: secret });
    shown(u); ok(u.passwordUpdate > user.passwordUpdate, `passwordUpdate ${u.passwordUpdate}, before ${user.passwordUpdate}`);
    secret = second;
    eq((await call('get')).$id, A, '$id'); await on(other, guest);
    eq((await call('listSessions')).sessions.map(s => s.$id), [session.$id], 'sessions');
  });
  await check('updatePassword: the new one signs in, the old one does not', ['updatePassword'], () => anew(async () => {
    await fails(401, 'user_invalid_credentials', signIn({ password: first }));
    eq((await signIn()).userId, A, 'userId'); await call('deleteSession', { sessionId: 'current' });
  }));

  // ---- what others see of it: the client itself, and every release of the server SDK
  const events = logs => logs.map(l => l.event);
  const logged = l => {
    ok(Number.isInteger(l.total) && l.total >= l.logs.length && l.logs.length > 0, `total ${l.total}, logs ${l.logs.length}`);
    for (const e of ['user.create', 'session.create', 'user.update', 'session.delete']) ok(events(l.logs).includes(e), `no ${e} among ${[...new Set(events(l.logs))]}`);
    for (const k of ['time', 'ip', 'userId', 'userEmail', 'userName', 'event']) ok(typeof l.logs[0][k] === 'string' && l.logs[0][k], `${k}: ${l.logs[0][k]}`);
    ok(l.logs.every((x, i) => ISO.test(x.time) && (i === 0 || x.time <= l.logs[i - 1].time)), 'not the newest first: ' + l.logs.map(x => x.time));
    // the actor of a failed sign-in is nobody
    ok(l.logs.every(x => x.event === 'session.fail' ? x.userId === '' && x.userType === 'guest' : x.userId === A), 'of other users');
    ok(events(l.logs).includes('session.fail'), 'no session.fail');
  };
  const servers = async (m, args, test) => {
    for (const [release, answer] of await host.servers(m, args)) try { test(answer); } catch (e) { throw new Error(`node-appwrite ${release}: ${e.message}`); }
  };
  await check('listLogs', ['listLogs'], async () => logged(await call('listLogs', { queries: [Query.limit(100)] })));
  await check('server: listLogs', ['create'], () => servers('listLogs', { userId: A, queries: [['limit', 100]] }, logged));
  await check('server: get', ['create'], () => servers('get', { userId: A }, u => eq([u.$id, u.email, u.phone, u.name, u.prefs, u.status], [A, email, phone, token + ' Renamed', { only: 'this' }, true], 'user')));
  await check('server: listSessions', [SIGN_IN], async () => {
    const other = await otherDevice();
    await servers('listSessions', { userId: A }, l => {
      eq([l.total, l.sessions.map(s => s.$id), l.sessions.map(s => s.current)], [2, [session.$id, other.session.$id], [false, false]], 'total, ids, current');
      for (const s of l.sessions) eq([s.userId, s.provider, s.secret || '', s.expire > s.$createdAt], [A, 'email', '', true], 'userId, provider, secret, expire');
    });
    await on(other, () => call('deleteSession', { sessionId: 'current' }));
  });
  await check('server: deleteSession signs a device out, and only that', [SIGN_IN], async () => {
    const devices = [await otherDevice(), await otherDevice()];
    for (const [i, server] of ['oldest', 'newest'].entries()) {
      ok(empty(await host.server(server, 'deleteSession', { userId: A, sessionId: devices[i].session.$id })), 'answer');
      await on(devices[i], guest); eq((await call('get')).$id, A, '$id');
    }
    await host.server('newest', 'deleteSession', { userId: A, sessionId: session.$id });
    await guest();
  });

  // ---- sign out
  const signedOut = async () => {
    await guest();
    // SDKs put the header's text into localStorage, and the server empties it by an empty array.
    eq(kept(), [], 'cookieFallback');
    if (host.cookies) eq((await host.cookies()).map(c => c.name), [], 'cookies');
  };
  await check('sign in: again, over a session that is gone', [SIGN_IN], async () => { session = await signIn(); eq((await call('get')).$id, A, '$id'); });
  await check('deleteSession: current', ['deleteSession'], async () => {
    const before = device(storage.getItem('cookieFallback'));
    jwt = (await call('createJWT')).jwt;
    eq((await host.asUser(jwt)).$id, A, '$id by JWT');
    ok(empty(await call('deleteSession', { sessionId: 'current' })), 'answer');
    await signedOut();
    await on(before, guest); // the secret is worth nothing, wherever a copy of it is
  });
  await check('deleteSession: takes its JWT along', ['createJWT'], () => anew(() => fails(401, 'general_unauthorized_scope', accountOf(bare().setJWT(jwt)).get())));
  await check('deleteSession: of another device', ['deleteSession'], async () => {
    session = await signIn();
    const other = await otherDevice();
    const l = await call('listSessions');
    eq(l.sessions.map(s => [s.$id, s.current]), [[session.$id, true], [other.session.$id, false]], 'sessions');
    await call('deleteSession', { sessionId: other.session.$id });
    await on(other, guest); eq((await call('get')).$id, A, '$id');
    await fails(404, 'user_session_not_found', call('deleteSession', { sessionId: other.session.$id }));
  });
  await check('deleteSessions', ['deleteSessions'], async () => {
    const other = await otherDevice();
    ok(empty(await call('deleteSessions')), 'answer');
    await signedOut(); await on(other, guest);
    await servers('listSessions', { userId: A }, l => eq([l.total, l.sessions], [0, []], 'list'));
  });

  // ---- without an email and a password
  await check('createAnonymousSession', ['createAnonymousSession'], async () => {
    const s = await call('createAnonymousSession');
    made.add(s.userId); eq([s.provider, s.providerUid, s.current], ['anonymous', '', true], 'provider, providerUid, current'); secretless(s);
    const u = await call('get');
    eq([u.$id, u.email, u.name, u.phone, u.passwordUpdate], [s.userId, '', '', '', ''], '$id, email, name, phone, passwordUpdate');
  });
  await check('createAnonymousSession: becomes an account with email and password', ['createAnonymousSession'], async () => {
    const u = await call('updateEmail', { email: mail('anon'), password: first });
    eq(u.email, mail('anon'), 'email'); ok(ISO.test(u.passwordUpdate), 'passwordUpdate: ' + u.passwordUpdate);
    await call('deleteSession', { sessionId: 'current' });
    eq((await signIn({ email: mail('anon'), password: first })).userId, u.$id, 'userId'); await call('deleteSession', { sessionId: 'current' });
  });
  // The older ways ask for what mail and SMS would have brought, and take what the server made all the same.
  for (const m of ['createSession', 'updateMagicURLSession', 'updatePhoneSession']) {
    await check(`${m}: sign in by a token that the server made`, [m], async () => {
      const t = await host.server('newest', 'createToken', { userId: A });
      await fails(401, 'user_invalid_token', call(m, { userId: A, secret: 'x' + t.secret }));
      const s = await call(m, { userId: A, secret: t.secret });
      eq([s.userId, s.provider, s.current], [A, 'token', true], 'userId, provider, current'); secretless(s);
      eq((await call('get')).$id, A, '$id');
      await anew(() => fails(401, 'user_invalid_token', call(m, { userId: A, secret: t.secret })));
      await call('deleteSession', { sessionId: 'current' }); await signedOut();
    });
  }

  // ---- blocked
  const live = device();
  await check('updateStatus: blocks the user itself', ['updateStatus'], async () => {
    await signIn();
    live.cookieFallback = storage.getItem('cookieFallback');
    eq((await call('updateStatus')).status, false, 'status');
    await signedOut();
    await servers('get', { userId: A }, u => eq(u.status, false, 'status'));
  });
  await check('updateStatus: a session of a blocked user -> 403', ['updateStatus'], () => on(live, () => fails(403, 'user_blocked', call('get'))));
  await check('updateStatus: sign in of a blocked user -> 403, with a wrong password 401', ['updateStatus'], async () => {
    await fails(403, 'user_blocked', signIn());
    await fails(401, 'user_invalid_credentials', signIn({ password: secret + 'x' }));
  });
  await check('server: updateStatus unblocks', ['updateStatus'], async () => {
    eq((await host.server('newest', 'updateStatus', { userId: A, status: true })).status, true, 'status');
    eq((await signIn()).userId, A, 'userId'); eq((await call('get')).$id, A, '$id'); await on(live, async () => eq((await call('get')).$id, A, '$id'));
  });
  await check('server: delete takes the sessions along', ['create'], async () => {
    eq((await call('get')).$id, A, '$id');
    await host.server('newest', 'delete', { userId: A }); made.delete(A);
    await guest(); await fails(401, 'user_invalid_credentials', signIn());
  });

  // ---- pages that may not ask
  await check('foreign origin -> 403', [], async () => eq(await host.fromOrigin('http://foreign.example'), [403, 'general_unknown_origin', null], 'status, type, Access-Control-Allow-Origin'));
  await check('foreign page: reads nothing, and changes nothing', ['host.foreignPage'], async () => {
    made.add(id('f'));
    const page = await host.foreignPage({ userId: id('f'), email: mail('f'), password: first });
    ok(!page.answer && !page.type, 'the page could read: ' + JSON.stringify(page.answer || page.type));
    eq(page.statuses, [403], 'statuses (' + page.message + ')');
    await fails(404, 'user_not_found', host.server('newest', 'get', { userId: id('f') }));
    made.delete(id('f'));
  });

  for (const userId of made) { try { await host.server('newest', 'delete', { userId }); } catch (e) { /* not there */ } }
  const headers = account.client.headers;
  return { format: headers[Object.keys(headers).find(k => k.toLowerCase() === 'x-appwrite-response-format')], methods: recorder.methods(Account), results };
};
