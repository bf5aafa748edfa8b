'use strict';
// What the scenario asks for from outside of the client: the server by way of its API key, in the releases of the server
// SDK that are part of every run, and a request of a foreign page.
const path = require('path');
const vectors = require('../common/vectors.json');

const nodeModules = path.join(__dirname, '..', 'node', 'node_modules');
const serverReleases = require('../common/releases.js').always('node');

// ARGUMENTS is the command line: ALIAS ENDPOINT PROJECT KEY, the alias being a folder of node_modules.
module.exports = function host([alias, endpoint, project, key]) {
  const folder = path.join(__dirname, 'node_modules', alias);
  const load = release => require(path.join(nodeModules, 'v' + release.split('.')[0]));
  const client = sdk => new sdk.Client().setEndpoint(endpoint).setProject(project);
  const call = (release, method, args) => {
    const sdk = load(release);
    const users = new sdk.Users(client(sdk).setKey(key));
    // Each release writes queries in a form of its own.
    if (args.queries) args = { ...args, queries: args.queries.map(([name, ...values]) => sdk.Query[name](...values)) };
    return parseInt(release, 10) >= 18 ? users[method](args) : users[method](...Object.values(args));
  };
  const named = { oldest: serverReleases[0], newest: serverReleases[serverReleases.length - 1] };

  return {
    folder,
    facts: { version: require(path.join(folder, 'package.json')).version, endpoint, project, password: vectors.password },
    actions: {
      // One call of the Users service, by the oldest or the newest server SDK.
      server: (which, method, args) => call(named[which], method, args),
      // The same call by all of them: [[release, answer], ...]
      servers: (method, args) => Promise.all(serverReleases.map(async release => [release, await call(release, method, args)])),
      // The user whom a JWT stands for, as a server sees it.
      asUser: jwt => { const sdk = load(named.newest); return new sdk.Account(client(sdk).setJWT(jwt)).get(); },
      // What a page of this origin is answered: [status, type, who may read it].
      fromOrigin: async origin => {
        const answer = await fetch(endpoint + '/account', { headers: { origin, 'x-appwrite-project': project } });
        return [answer.status, (await answer.json()).type, answer.headers.get('access-control-allow-origin')];
      },
    },
  };
};
