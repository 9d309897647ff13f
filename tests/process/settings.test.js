// The portal as a process: how it starts, refuses to start, and stops.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Portal, root } from '../support/portal.js';

test('a second portal on the same data folder exits 2 and leaves the first alone', async (t) => {
  const portal = await Portal.start();
  t.after(() => portal.dispose());

  const second = await portal.run(['serve'], { MEDIANEST_LISTEN: '127.0.0.1:0' });

  assert.equal(second.code, 2, second.log);
  assert.match(second.log, /another portal|already|lock/i);
  assert.equal((await fetch(`${portal.url}/readyz`)).status, 200);
});

test('another secret key than the one the data was made with exits 2 and names the setting', async (t) => {
  const portal = await Portal.start();
  t.after(() => portal.dispose());
  await portal.stop();

  const refused = await portal.run(['serve'], { MEDIANEST_SECRET_KEY: randomBytes(32).toString('base64') });

  assert.equal(refused.code, 2, refused.log);
  assert.match(refused.log, /MEDIANEST_SECRET_KEY/);
});

test('a bad supervisor.toml exits 2 before anything starts, naming file, line and key', async (t) => {
  const portal = await Portal.start();
  t.after(() => portal.dispose());
  await portal.stop();
  const good = readFileSync(join(root, 'supervisor.toml'), 'utf8');
  const file = join(portal.dataDir, 'bad-tree.toml');

  const line = good.split('\n').findIndex((text) => /^\s*strategy\s*=/.test(text));
  assert.ok(line >= 0, 'supervisor.toml has a strategy');
  const bad = good.split('\n').with(line, 'strategy = "two_for_one"').join('\n');
  writeFileSync(file, bad);
  const refused = await portal.run(['serve'], { MEDIANEST_SUPERVISOR: file });

  assert.equal(refused.code, 2, refused.log);
  assert.match(refused.log, /bad-tree\.toml/);
  assert.match(refused.log, new RegExp(`\\b${line + 1}\\b`), `line ${line + 1} is named`);
  assert.match(refused.log, /strategy/);

  writeFileSync(file, `${good}\nbananas = 5\n`);
  const unknown = await portal.run(['tree'], { MEDIANEST_SUPERVISOR: file });
  assert.equal(unknown.code, 2, unknown.log);
  assert.match(unknown.log, /bananas/);
});

test('a setting that makes no sense is refused by name', async (t) => {
  const portal = await Portal.start();
  t.after(() => portal.dispose());
  await portal.stop();

  for (const [name, value] of [
    ['MEDIANEST_LISTEN', 'somewhere'],
    ['MEDIANEST_DOWNLOAD_SLOTS', 'many'],
    ['MEDIANEST_BASE_PATH', 'no slash?'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['MEDIANEST_SECRET_KEY', 'short'],
  ]) {
    const refused = await portal.run(['check'], { [name]: value });
    assert.equal(refused.code, 2, `${name}: ${refused.log}`);
    assert.match(refused.log, new RegExp(name));
  }
  const fine = await portal.run(['check']);
  assert.equal(fine.code, 0, fine.log);
});

test('tree prints the declared tree and healthcheck asks the running portal', async (t) => {
  const portal = await Portal.start();
  t.after(() => portal.dispose());

  const tree = await portal.run(['tree']);
  assert.equal(tree.code, 0, tree.log);
  for (const name of ['event-hub', 'services', 'downloads', 'egress', 'queue', 'web']) {
    assert.match(tree.log, new RegExp(name));
  }
  assert.equal((await portal.run(['healthcheck'])).code, 0);
  await portal.stop();
  assert.notEqual((await portal.run(['healthcheck'])).code, 0);
});

test('the set-up token is for the owner of the data folder, and works once', async (t) => {
  const portal = await Portal.start();
  t.after(() => portal.dispose());
  const token = portal.setupToken;
  assert.equal(statSync(join(portal.dataDir, 'setup-token')).mode & 0o777, 0o600);
  assert.match(portal.log, /\/setup/);

  await portal.setUp();

  const again = await fetch(`${portal.url}/api/v1/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, username: 'eve', password: 'another password' }),
  });
  assert.equal(again.status, 404);
  assert.equal(portal.setupToken, null, 'the file is gone');
});

test('SIGTERM ends the portal within ten seconds with code 0, also under open streams', async (t) => {
  const portal = await Portal.start();
  t.after(() => portal.dispose());
  const api = await portal.setUp();
  const stream = await fetch(`${portal.url}/api/v1/events`, { headers: { authorization: `Bearer ${api.token}` } });
  assert.equal(stream.status, 200);

  const ended = await portal.stop();

  assert.equal(ended.code, 0, portal.log);
  assert.ok(ended.ms <= 10_000, `${ended.ms} ms`);
  await stream.body.cancel().catch(() => {});
});
