// Serves the app on LISTEN_PORT with as many processes as WORKERS says, until SIGTERM.

import cluster from 'node:cluster';
import pg from 'pg';
import { app } from './app.mjs';

const { DATABASE_URL, DATABASE_CONNECTIONS = '10', PORT = '3000', WORKERS = '1' } = process.env;

if (cluster.isPrimary && WORKERS !== '1') {
  for (let worker = 0; worker < Number(WORKERS); worker += 1) cluster.fork();
  cluster.on('exit', () => process.exit(1));
  process.once('SIGTERM', () => {
    cluster.removeAllListeners('exit');
    cluster.disconnect();
  });
} else {
  const pool = new pg.Pool({
    connectionString: DATABASE_URL,
    max: Math.ceil(Number(DATABASE_CONNECTIONS) / Number(WORKERS)),
  });
  pool.on('error', (error) => console.error(`an idle connection broke: ${error.message}`));
  const server = app(pool).listen(Number(PORT), '127.0.0.1');
  process.once('SIGTERM', () => {
    server.close(() => process.exit());
    server.closeIdleConnections();
  });
}
