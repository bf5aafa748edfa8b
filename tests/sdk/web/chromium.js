'use strict';
// node chromium.js ALIAS ENDPOINT PROJECT KEY: the scenario in a page of Debian's Chromium. The page comes from a server of
// its own on another port than the API, so that every request is one of a foreign origin with the browser's own cookies.
// Prints one JSON line: { sdk, format, results }
const fs = require('fs'), http = require('http'), os = require('os'), path = require('path');
const { spawnSync } = require('child_process');
const { chromium } = require('playwright-core');

const [alias, endpoint, ...rest] = process.argv.slice(2);
const { folder, facts, actions } = require('./host.js')([alias, endpoint, ...rest]);
// Cookies belong to a host and not to a port: page and API must be of one host for the browser to send them.
const api = new URL(endpoint);
if (api.hostname === '127.0.0.1') api.hostname = 'localhost';
facts.endpoint = api.href;

const files = {
  '/': ['text/html', '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>web SDK</title><script src="/sdk.js"></script><script src="/recorder.js"></script><script src="/scenario.js"></script>'],
  '/sdk.js': ['text/javascript', fs.readFileSync(path.join(folder, 'dist', 'iife', 'sdk.js'))],
  '/recorder.js': ['text/javascript', fs.readFileSync(path.join(__dirname, '..', 'common', 'recorder.js'))],
  '/scenario.js': ['text/javascript', fs.readFileSync(path.join(__dirname, 'scenario.js'))],
};
const pages = http.createServer((request, response) => {
  const [type, body] = files[request.url] || ['text/plain', 'not found'];
  response.writeHead(files[request.url] ? 200 : 404, { 'content-type': type + '; charset=utf-8' }).end(body);
});

// What only the browser can tell. Cookies are asked for by what the API's host would be sent.
const browserActions = (context, port) => ({
  cookies: () => context.cookies(facts.endpoint),
  takeCookies: async () => { const cookies = await context.cookies(); await context.clearCookies(); return cookies; },
  putCookies: async cookies => { await context.clearCookies(); await context.addCookies(cookies); },
  // A page of another host tries to sign a user up: what it could read, and what the API answered behind its back.
  foreignPage: async args => {
    const page = await context.newPage();
    await page.goto(`http://foreign.example:${port}/`);
    const urls = new Map(), codes = new Map(), devtools = await context.newCDPSession(page);
    devtools.on('Network.requestWillBeSent', e => { if (e.request.method !== 'OPTIONS') urls.set(e.requestId, e.request.url); });
    devtools.on('Network.responseReceivedExtraInfo', e => codes.set(e.requestId, e.statusCode));
    await devtools.send('Network.enable');
    const statuses = () => [...urls].filter(([id, url]) => url.startsWith(facts.endpoint) && codes.has(id)).map(([id]) => codes.get(id));
    const seen = await page.evaluate(async ({ endpoint, project, args }) => {
      const account = new Appwrite.Account(new Appwrite.Client().setEndpoint(endpoint).setProject(project));
      try { return { answer: await account.create(...Object.values(args)) }; } catch (e) { return { message: e.message, type: e.type }; }
    }, { ...facts, args });
    // The browser reports what it withholds from the page on a way of its own, at times a little later.
    for (const end = Date.now() + 5000; !statuses().length && Date.now() < end;) await new Promise(done => setTimeout(done, 20));
    await page.close();
    return { ...seen, statuses: statuses() };
  },
});

async function run(scratch, port) {
  const program = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim();
  if (!program) throw new Error('chromium is not installed');
  const browser = await chromium.launch({
    executablePath: program,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      // Nothing of it leaves this machine.
      '--host-resolver-rules=MAP foreign.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE ' + api.hostname,
    ],
    // The profile and everything else that it writes goes with this folder.
    env: { ...process.env, HOME: scratch, TMPDIR: scratch, XDG_CONFIG_HOME: scratch, XDG_CACHE_HOME: scratch },
  });
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    const all = { ...actions, ...browserActions(context, port) };
    await page.exposeFunction('harness', async (name, args) => {
      try { return { value: await all[name](...args) }; } catch (e) { return { error: { message: e.message, code: e.code, type: e.type } }; }
    });
    await page.goto(`http://localhost:${port}/`);
    return await page.evaluate(({ facts, names }) => {
      const host = { ...facts };
      for (const name of names) host[name] = async (...args) => {
        const { value, error } = await window.harness(name, args);
        if (error) throw Object.assign(new Error(error.message), error);
        return value;
      };
      return webScenario(Appwrite, host);
    }, { facts, names: Object.keys(all) });
  } finally { await browser.close(); }
}

pages.listen(0, '127.0.0.1', async () => {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'usher-web-'));
  let result;
  try { result = await run(scratch, pages.address().port); } catch (e) { result = { results: [], crash: String(e && e.stack || e) }; }
  fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  process.stdout.write(JSON.stringify({ sdk: facts.version, ...result }) + '\n');
  process.exit(result.crash ? 1 : 0);
});
