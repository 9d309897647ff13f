// A portal under test: the real program, with a data folder of its own on a free port.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Api } from './api.js';
import { Program, eventually, final, freePort, plainEnvironment } from './program.js';

export const root = join(import.meta.dirname, '..', '..');
export const binary = process.env.MEDIANEST_BIN ?? join(root, 'target/debug/medianest');

export const ADMIN = { username: 'ana', password: 'correct horse battery' };

/** The engines on which the journeys run; the second only where scripts/test started its servers. */
export const engines = {
  embedded: { title: 'SQLite without Redis', env: async () => ({}), skip: false },
  servers: {
    title: 'PostgreSQL with Redis',
    env: serverSettings,
    skip: process.env.MEDIANEST_TEST_POSTGRES && process.env.MEDIANEST_TEST_REDIS ? false : 'no servers were started',
  },
};

let databases = 0;

/** A database of its own; Redis is emptied, because its keys carry no name of a portal. */
async function serverSettings() {
  const url = new URL(process.env.MEDIANEST_TEST_POSTGRES);
  const name = `journey_${process.pid}_${(databases += 1)}`;
  execFileSync('psql', ['-q', '-X', '-d', url.href, '-c', `CREATE DATABASE ${name}`], { stdio: 'pipe' });
  url.pathname = `/${name}`;
  execFileSync('redis-cli', ['-u', process.env.MEDIANEST_TEST_REDIS, 'flushall'], { stdio: 'pipe' });
  return { DATABASE_URL: url.href, REDIS_URL: process.env.MEDIANEST_TEST_REDIS };
}

export class Portal {
  /** Starts a portal (or the demo) and waits until it is ready. Settings in `env` win over ours. */
  static async start(env = {}, command = 'serve') {
    const portal = new Portal(env, mkdtempSync(join(tmpdir(), 'medianest-portal-')));
    portal.command = command;
    portal.port = await freePort();
    await portal.launch();
    return portal;
  }

  constructor(env, dataDir) {
    this.extra = env;
    this.dataDir = dataDir;
    this.base = env.MEDIANEST_BASE_PATH ?? '';
  }

  get environment() {
    return {
      ...plainEnvironment(),
      MEDIANEST_LISTEN: `127.0.0.1:${this.port}`,
      MEDIANEST_DATA_DIR: this.dataDir,
      ...(process.env.MEDIANEST_YTDLP ? { MEDIANEST_YTDLP: process.env.MEDIANEST_YTDLP } : {}),
      ...this.extra,
    };
  }

  get url() {
    return `http://127.0.0.1:${this.port}${this.base}`;
  }

  get library() {
    return join(this.dataDir, 'downloads', 'library');
  }

  get pid() {
    return this.program.pid;
  }

  get log() {
    return this.program.log;
  }

  /** Starts the program (again) on the same folder and port. */
  async launch() {
    this.program = new Program(binary, [this.command], { env: this.environment, cwd: this.dataDir });
    await eventually(`the portal is ready on ${this.url}`, async () => {
      if (!this.program.isRunning) throw final(`the portal ended:\n${this.log}`);
      return (await fetch(`${this.url}/readyz`)).status === 200;
    }, 30_000, 20);
  }

  /** Runs a portal that should refuse to start, or another command; answers when it has ended. */
  async run(args, env = {}) {
    const program = new Program(binary, args, { env: { ...this.environment, ...env }, cwd: this.dataDir });
    const timer = setTimeout(() => program.process.kill('SIGKILL'), 20_000);
    const ended = await program.exited;
    clearTimeout(timer);
    return { ...ended, log: program.log };
  }

  get setupToken() {
    const file = join(this.dataDir, 'setup-token');
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
  }

  /** Makes the first admin over the API and answers with a client that has an API token. */
  async setUp() {
    const anonymous = new Api(this.url);
    await anonymous.post('/api/v1/setup', { token: this.setupToken, ...ADMIN }, 201);
    return this.signIn();
  }

  async signIn({ username, password } = ADMIN) {
    const api = new Api(this.url);
    const { csrf_token } = await api.post('/api/v1/login', { username, password }, 200);
    api.csrf = csrf_token;
    const { token } = await api.post('/api/v1/tokens', { name: 'tests' }, 201);
    return new Api(this.url, token);
  }

  async stop() {
    return this.program.end('SIGTERM');
  }

  /** Stops the portal, if it runs, and throws its data away. */
  async dispose() {
    if (this.program?.isRunning) await this.program.end('SIGTERM').catch(() => {});
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
