'use strict';
// node ready.js URL PID SECONDS: exit 0 as soon as URL/readyz answers 200; 1 after the deadline or when the process has ended.
const [url, pid, seconds] = process.argv.slice(2);
const deadline = Date.now() + seconds * 1000;
const pause = ms => new Promise(done => setTimeout(done, ms));

(async () => {
  let last = 'nothing';
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(url + '/readyz', { signal: AbortSignal.timeout(5000) });
      if (answer.status === 200) process.exit(0);
      last = 'status ' + answer.status;
    } catch (e) {
      last = e.cause ? e.cause.code || e.cause.message : e.message;
    }
    try { process.kill(Number(pid), 0); } catch (e) { last = 'the process has ended'; break; }
    await pause(50);
  }
  console.error(`not ready: ${url}/readyz: ${last}`);
  process.exit(1);
})();
