// The stand-ins of the sandbox crate, as a process of their own.

import { join } from 'node:path';

import { Program, eventually, final, plainEnvironment } from './program.js';
import { root } from './portal.js';

const binary = process.env.MEDIANEST_SANDBOX_BIN ?? join(root, 'target/debug/sandbox');
const cache = process.env.MEDIANEST_SANDBOX_CACHE ?? join(root, '.cache/sandbox');

export class Sandbox {
  static async start(services = [], more = []) {
    const args = ['--cache', cache, ...services.flatMap((name) => ['--service', name]), ...more];
    const program = new Program(binary, args, { env: plainEnvironment(), input: 'pipe' });
    // The first start makes the films.
    const line = await eventually('the sandbox prints its addresses', () => {
      if (!program.isRunning) throw final(`the sandbox ended:\n${program.log}`);
      return program.log.match(/^\{.*\}$/m)?.[0];
    }, 60_000);
    return new Sandbox(program, JSON.parse(line));
  }

  constructor(program, addresses) {
    this.program = program;
    this.site = addresses.video_site;
    this.control = addresses.control;
    this.services = addresses.services;
    this.neighbour = addresses.neighbour;
    this.plex = addresses.plex;
    this.standIns = addresses.stand_ins;
  }

  /** For MEDIANEST_DOWNLOAD_ALLOW_HOSTS. */
  get host() {
    return new URL(this.site).host;
  }

  /** up, down, hang, refuse, slow. */
  async set(service, mode) {
    const answer = await fetch(`${this.control}/_fault`, { method: 'POST', body: JSON.stringify({ service, mode }) });
    if (answer.status !== 204) throw new Error(`${service}: ${answer.status} ${await answer.text()}`);
  }

  /** A command to a stand-in, such as `POST requests/1/arrive` or `DELETE faults`. */
  async fake(name, method, path, body = {}) {
    const init = method === 'GET' ? { method } : { method, body: JSON.stringify(body) };
    const answer = await fetch(new URL(`/_fake/${path}`, this.standIns[name].url), init);
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    return method === 'GET' ? answer.json() : null;
  }

  async hits() {
    return (await fetch(`${this.site}/_hits`)).json();
  }

  stop() {
    return this.program.end('SIGTERM');
  }
}
