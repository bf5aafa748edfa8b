'use strict';
// Notes which methods of a service are called, and whether they answer, so that each check knows what it stands for.
//   const recorder = makeRecorder(); const users = recorder.of(new Users(client));
// This file runs in a page as well.
globalThis.makeRecorder = function makeRecorder() {
  let calls = {};
  return {
    of: service => new Proxy(service, {
      get(target, name) {
        const value = target[name];
        if (typeof value !== 'function') return value;
        return (...args) => {
          const mine = calls;
          mine[name] = mine[name] || false;
          const answer = value.apply(target, args);
          if (answer && typeof answer.then === 'function') answer.then(() => { mine[name] = true; }, () => {});
          return answer;
        };
      },
    }),
    // For a method that can only be shown to be refused in the right way, because nothing that a key may do makes what it
    // would work on.
    refused: name => { calls[name] = true; },
    // The calls since the last time.
    take: () => { const taken = calls; calls = {}; return taken; },
    methods: Service => Object.getOwnPropertyNames(Service.prototype).filter(name => name !== 'constructor' && typeof Service.prototype[name] === 'function'),
  };
};
