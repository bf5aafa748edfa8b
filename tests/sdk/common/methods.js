'use strict';
// Makes a result of each method that a release has, out of the checks that called it: the method works when it has
// answered in a check that passed, and no check that called it has failed. A method that no check calls has failed too,
// so that none is forgotten.
//
// run: { methods: the names, results: [{ id, level, state, calls: { name: whether it answered } }] }
module.exports = function methods(run) {
  return run.methods.map(name => {
    const callers = run.results.filter(x => x.calls && name in x.calls);
    const level = callers.some(x => x.level === 'must') ? 'must' : 'extra';
    const failed = callers.find(x => x.state === 'fail');
    const proven = callers.some(x => x.state === 'ok' && x.calls[name]);
    return {
      id: 'method ' + name,
      level,
      state: proven && !failed ? 'ok' : 'fail',
      text: failed ? `fails in the check "${failed.id}"` : proven ? '' : callers.length ? 'has answered in no check' : 'no check calls it',
    };
  });
};
