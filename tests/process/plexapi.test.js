// The stand-in Plex against the real python-plexapi: what the client understands is what a Plex says.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { root } from '../support/portal.js';
import { Program, plainEnvironment } from '../support/program.js';
import { Sandbox } from '../support/sandbox.js';

const python = process.env.MEDIANEST_PYTHON ?? join(root, '.cache/venv/bin/python');
const script = join(root, 'tests/plexapi/drive.py');
const shownAs = '/media/videos';

async function standIn(t) {
  const folder = mkdtempSync(join(tmpdir(), 'medianest-videos-'));
  const sandbox = await Sandbox.start([], ['--videos', folder, '--videos-as', shownAs]);
  t.after(async () => {
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });
  return { sandbox, folder };
}

/** What each check came to, and the exit code. */
async function drive({ sandbox, folder }) {
  const addresses = JSON.stringify({ ...sandbox.plex, videos_as: shownAs });
  const program = new Program(python, [script, addresses, folder], { env: plainEnvironment() });
  const { code } = await program.exited;
  const lines = program.log.split('\n').filter((line) => line.startsWith('{'));
  return { code, log: program.log, checks: lines.map((line) => JSON.parse(line)) };
}

test('python-plexapi can use the stand-in Plex', async (t) => {
  const place = await standIn(t);

  const { code, log, checks } = await drive(place);

  for (const { check, error } of checks) await t.test(check, () => assert.equal(error, undefined, error));
  const expected = readFileSync(script, 'utf8').match(/^@check$/gm).length;
  assert.equal(checks.length, expected, log);
  assert.equal(code, 0, log);
});

test('python-plexapi notices when the stand-in is wrong', async (t) => {
  const place = await standIn(t);
  const fault = { fault: 'status', status: 404, path: '/library/collections/*/items*' };
  const answer = await fetch(`${place.sandbox.plex.server_url}/_fake/faults`, { method: 'POST', body: JSON.stringify(fault) });
  assert.equal(answer.status, 204);

  const { code, checks } = await drive(place);

  assert.equal(code, 1);
  const failed = checks.filter(({ error }) => error).map(({ check }) => check);
  assert.deepEqual(failed, ['a collection is made filled ordered renamed and deleted']);
});
