// Child processes of the tests: started with a known environment, and ended by their own pid.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What a child needs of our environment; the settings of whoever runs the tests stay out. */
export function plainEnvironment() {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SSL_CERT_FILE'];
  return Object.fromEntries(kept.filter((name) => name in process.env).map((name) => [name, process.env[name]]));
}

const alive = new Set();
// A test run that breaks off leaves nobody behind.
process.once('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

export class Program {
  /** Starts `binary`; what it prints is kept in `this.log`. */
  constructor(binary, args, { env, cwd, input = 'ignore' } = {}) {
    this.log = '';
    this.process = spawn(binary, args, { env, cwd, stdio: [input, 'pipe', 'pipe'] });
    alive.add(this.process);
    this.process.once('exit', () => alive.delete(this.process));
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (this.log += text));
    }
    this.exited = once(this.process, 'exit').then(([code, signal]) => ({ code, signal }));
    this.exited.catch(() => {});
  }

  get pid() {
    return this.process.pid;
  }

  get isRunning() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Sends `signal` and waits; answers with the exit code, the signal and how long it took. */
  async end(signal = 'SIGTERM', deadlineMs = 20_000) {
    const began = Date.now();
    if (this.isRunning) this.process.kill(signal);
    const ended = await Promise.race([this.exited, pause(deadlineMs, null, { ref: false })]);
    if (ended === null) {
      this.process.kill('SIGKILL');
      throw new Error(`it did not end within ${deadlineMs} ms of ${signal}:\n${this.log}`);
    }
    return { ...ended, ms: Date.now() - began };
  }
}

/** An error after which there is nothing left to wait for. */
export function final(message) {
  return Object.assign(new Error(message), { isFinal: true });
}

/** Polls `look` until it answers with something true; `what` is for the message. */
export async function eventually(what, look, deadlineMs = 15_000, everyMs = 50) {
  const began = Date.now();
  let last;
  for (;;) {
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      if (error.isFinal) throw error;
      last = error;
    }
    if (Date.now() - began > deadlineMs) {
      throw new Error(`not within ${deadlineMs} ms: ${what}; last seen: ${last?.stack ?? JSON.stringify(last)}`);
    }
    await pause(everyMs);
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
