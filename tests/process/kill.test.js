// kill -9 at random moments while films come down: nothing is lost, nothing is left running, and
// every job ends with exactly one file. KILLS says how often (10).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { Portal, engines } from '../support/portal.js';
import { descendants, leftOver } from '../support/processes.js';
import { eventually } from '../support/program.js';
import { Sandbox } from '../support/sandbox.js';

const KILLS = Number(process.env.KILLS ?? 10);
const SLOTS = 3;
/** From the start of the program to the first requests of yt-dlp: half of the times, and always. */
const USUALLY_RESUMED_MS = 5_000;
const RESUMED_MS = 15_000;

let sandbox;
before(async () => (sandbox = await Sandbox.start()));
after(() => sandbox.stop());

const limits = () => ({
  MEDIANEST_DOWNLOADS_PER_HOUR: '0',
  MEDIANEST_API_PER_MINUTE: '0',
  MEDIANEST_DOWNLOAD_SLOTS: String(SLOTS),
  MEDIANEST_DOWNLOAD_ALLOW_HOSTS: sandbox.host,
});

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const isOver = (job) => ['completed', 'failed', 'cancelled'].includes(job.status);
const brief = (jobs) => jobs.map((job) => `${job.id} ${job.status} ${JSON.stringify(job.error ?? job.progress)}`).join('\n');

/** Films of several lengths, so that the kills meet jobs at different places. */
function film(number) {
  const [name, kbps] = [['clip', 300], ['large', 500], ['small', 120], ['clip', 600]][number % 4];
  return { name, url: `${sandbox.site}/slow/${name}-kill-${number}.mp4?kbps=${kbps}` };
}

async function noOrphans(portal, before) {
  return eventually('no process of the killed portal is left', () => {
    const left = leftOver(before, portal.dataDir);
    if (left.length > 0) throw new Error(left.map((it) => `${it.pid} ${it.command} (${it.cwd})`).join('\n'));
    return true;
  }, 5_000, 50);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

for (const engine of [engines.embedded, engines.servers]) {
  const kills = engine === engines.embedded ? KILLS : Math.ceil(KILLS / 3);
  test(`${kills} kills on ${engine.title} lose nothing and leave nothing`, { skip: engine.skip }, async (t) => {
    const portal = await Portal.start({ ...limits(), ...(await engine.env()) });
    t.after(() => portal.dispose());
    const api = await portal.setUp();
    const submitted = new Map();

    /** Enough jobs that the slots are full and one waits. */
    async function keepBusy() {
      const active = (await api.all('/api/v1/downloads')).filter((job) => !isOver(job)).length;
      for (let missing = SLOTS + 1 - active; missing > 0; missing -= 1) {
        const { name, url } = film(submitted.size);
        const { id } = await api.post('/api/v1/downloads', { url, preset: 'best' }, 202);
        submitted.set(id, { name, url });
      }
    }

    const times = { gone: [], resumed: [] };
    for (let kill = 1; kill <= kills; kill += 1) {
      await keepBusy();
      await pause(Math.random() * 3_000);
      const family = descendants(portal.pid);
      portal.program.process.kill('SIGKILL');
      await portal.program.exited;

      let began = Date.now();
      await noOrphans(portal, family);
      times.gone.push(Date.now() - began);

      const asked = await sandbox.hits();
      began = Date.now();
      await portal.launch();
      await eventually('the jobs run again', async () => {
        const jobs = (await api.all('/api/v1/downloads')).filter((job) => !isOver(job));
        const hits = await sandbox.hits();
        const count = (hits, { url }) => hits[new URL(url).pathname]?.count ?? 0;
        const resumed = jobs.filter(({ id }) => count(hits, submitted.get(id)) > count(asked, submitted.get(id)));
        if (resumed.length < Math.min(SLOTS, jobs.length)) throw new Error(brief(jobs));
        return true;
      }, RESUMED_MS, 50);
      times.resumed.push(Date.now() - began);
    }
    times.resumed.sort((a, b) => a - b);
    const median = times.resumed[Math.floor(times.resumed.length / 2)];
    t.diagnostic(`${submitted.size} jobs; orphans gone after at most ${Math.max(...times.gone)} ms; resumed after ${median} ms, at most ${times.resumed.at(-1)} ms`);
    assert.ok(median <= USUALLY_RESUMED_MS, `the jobs ran again after ${times.resumed} ms`);

    const jobs = await eventually('all jobs are over', async () => {
      const jobs = await api.all('/api/v1/downloads');
      if (!jobs.every(isOver)) throw new Error(brief(jobs.filter((job) => !isOver(job))));
      return jobs;
    }, 120_000, 250);

    assert.equal(jobs.length, submitted.size, 'no row is lost or doubled');
    for (const job of jobs) {
      assert.equal(job.status, 'completed', brief([job]));
      assert.equal(job.files.length, 1, `${job.id} has one file`);
    }
    const originals = new Map();
    for (const name of ['small', 'clip', 'large']) {
      originals.set(name, sha256(await (await fetch(`${sandbox.site}/files/${name}.mp4`)).arrayBuffer().then(Buffer.from)));
    }
    const films = filesBelow(portal.library).filter((file) => file.endsWith('.mp4'));
    assert.equal(films.length, submitted.size, `one file for each job:\n${films.join('\n')}`);
    const wanted = [...submitted.values()].map(({ name }) => originals.get(name)).sort();
    assert.deepEqual(films.map((file) => sha256(readFileSync(file))).sort(), wanted, 'every file is whole');

    const ended = await portal.stop();
    assert.equal(ended.code, 0, portal.log);
    await noOrphans(portal, []);
  });
}

test('SIGTERM in the middle of a download is clean, and the job goes on after the next start', async (t) => {
  const portal = await Portal.start(limits());
  t.after(() => portal.dispose());
  const api = await portal.setUp();
  const { id } = await api.post('/api/v1/downloads', { url: `${sandbox.site}/slow/clip-term.mp4?kbps=300`, preset: 'best' }, 202);
  const first = await eventually('some of it is here', async () => {
    const job = await api.get(`/api/v1/downloads/${id}`);
    return job.progress?.bytes > 300_000 && job;
  }, 30_000);

  const family = descendants(portal.pid);
  const ended = await portal.stop();
  assert.equal(ended.code, 0, portal.log);
  assert.ok(ended.ms <= 10_000, `${ended.ms} ms`);
  await noOrphans(portal, family);

  await portal.launch();
  await eventually('it is finished', async () => (await api.get(`/api/v1/downloads/${id}`)).status === 'completed', 30_000);
  const { bytes } = (await sandbox.hits())['/slow/clip-term.mp4'];
  const size = (await api.get(`/api/v1/downloads/${id}`)).files[0].bytes;
  assert.ok(bytes < size + first.progress.bytes / 2, `${bytes} bytes were sent for a film of ${size}`);
});
