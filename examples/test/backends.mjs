// How each of the four backends is started, as `make setup` has installed it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? pathOf('../../target');

const COMMANDS = {
  axum: [`${TARGET}/debug/example-axum`],
  express: [process.execPath, pathOf('../express/server.mjs')],
  fastapi: [pathOf('../fastapi/.venv/bin/python'), pathOf('../fastapi/server.py')],
  sinatra: ['ruby', pathOf('../sinatra/server.rb')],
};

export const NAMES = Object.keys(COMMANDS);

/** A backend that runs with the given settings and no others. */
export class Backend {
  stdout = '';
  stderr = '';

  constructor(name, settings) {
    const [command, ...args] = COMMANDS[name];
    const env = { PATH: process.env.PATH, GEM_HOME: `${TARGET}/ruby/gem-home`, ...settings };
    this.process = spawn(command, args, { env });
    this.process.stdout.on('data', (data) => {
      this.stdout += data;
    });
    this.process.stderr.on('data', (data) => {
      this.stderr += data;
    });
    /** Settles with the exit code, or the signal, once all output has been read. */
    this.ended = once(this.process, 'close').then(([code, signal]) => code ?? signal);
  }

  /** The address that it prints when it listens. */
  async origin() {
    while (!this.stdout.includes('\n')) {
      const ended = await Promise.race([once(this.process.stdout, 'data'), this.ended]);
      if (!Array.isArray(ended)) throw new Error(`ended with ${ended}: ${this.stderr}`);
    }
    return this.stdout.match(/^listening on (\S+)\n/)[1];
  }

  /** Asks it to end, and waits until it has. */
  end(signal = 'SIGTERM') {
    this.process.kill(signal);
    return this.ended;
  }
}
