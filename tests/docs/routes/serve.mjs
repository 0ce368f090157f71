// Puts requests to a route of the Node quick start, whose file is in the current folder.
//   serve.mjs express|next REQUESTS        the same as serve.py

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [framework, requests] = process.argv.slice(2);
const here = (file) => pathToFileURL(`${process.cwd()}/${file}`);

// Stands for the reader's own: somebody is logged in where there is a cookie.
writeFileSync(
  'session.mjs',
  `export const currentUser = async (request) => request.headers.get('cookie');
export const requireUser = (req, res, next) => (req.headers.cookie ? next() : res.sendStatus(401));
`,
);

const answer = { express, next }[framework];
const answers = [];
for (const [query, loggedIn] of JSON.parse(requests)) {
  const request = [`/api/chat-identity${query}`, loggedIn ? { cookie: 'user=jane' } : {}];
  const response = await answer(...request);
  answers.push([response.status, response.headers.get('cache-control'), await response.text()]);
}
console.log(JSON.stringify(answers));

async function express(path, headers) {
  const { app } = await import(here('express-app.mjs'));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers });
  server.close();
  return response;
}

async function next(path, headers) {
  const { GET } = await import(here('route.mjs'));
  return GET(new Request(`http://127.0.0.1${path}`, { headers }));
}
