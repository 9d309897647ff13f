// The live stream: every load of a page opens it, it comes back by itself, and it tells the truth.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Visitor, launch, tile, tileIs } from './support.js';
import { Portal } from '../support/portal.js';
import { eventually } from '../support/program.js';
import { Sandbox } from '../support/sandbox.js';

const RELOADS = 50;

let browser;
let sandbox;
before(async () => {
  [browser, sandbox] = await Promise.all([launch(), Sandbox.start(['music'])]);
});
after(async () => {
  await browser?.close();
  await sandbox?.stop();
});

async function portalWithMusic(t) {
  const portal = await Portal.start({ MEDIANEST_API_PER_MINUTE: '0' });
  t.after(() => portal.dispose());
  const api = await portal.setUp();
  await api.post('/api/v1/services', { name: 'music', url: sandbox.services.music, interval: '1s' }, 201);
  const visitor = await Visitor.arrive(browser, portal);
  await visitor.signIn();
  return { portal, visitor, api };
}

test(`${RELOADS} reloads open the live stream ${RELOADS} times`, async (t) => {
  const { visitor } = await portalWithMusic(t);
  await visitor.page.goto('about:blank');
  let streams = 0;
  visitor.page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/events') streams += 1;
  });
  await visitor.open('/');
  await visitor.live();
  for (let reload = 0; reload < RELOADS; reload += 1) {
    await visitor.page.reload({ waitUntil: 'domcontentloaded' });
    await visitor.live();
  }
  assert.equal(streams, RELOADS + 1, 'one stream for each load');
  await visitor.leave();
});

test('the page notices that the portal is away, and that it is back', async (t) => {
  const { portal, visitor } = await portalWithMusic(t);
  const { page } = visitor;
  await visitor.open('/');
  await visitor.live();
  await visitor.mark();
  await tileIs(page, 'music', 'up');

  portal.program.process.kill('SIGKILL');
  await portal.program.exited;
  await page.waitForFunction(() => ['reconnecting', 'offline'].includes(document.documentElement.dataset.live));
  await sandbox.set('music', 'down');
  await portal.launch();

  await visitor.live(20_000);
  await tileIs(page, 'music', 'down');
  await sandbox.set('music', 'up');
  await tileIs(page, 'music', 'up');
  await visitor.stayed();
  // htmx says so of each attempt that failed.
  await visitor.leave(/htmx:sse:error/);
});

test('two tabs see the same change, and a closed one leaves nothing behind', async (t) => {
  const { visitor } = await portalWithMusic(t);
  await visitor.open('/');
  await visitor.live();
  const second = await visitor.tab();
  await second.goto(visitor.url('/status'), { waitUntil: 'domcontentloaded' });
  await second.waitForFunction(() => document.documentElement.dataset.live === 'live');
  await tileIs(visitor.page, 'music', 'up');

  await sandbox.set('music', 'down');
  // Only the tab in front has a stream; the other catches up when somebody looks at it.
  await second.getByText(/down/i).first().waitFor();
  await visitor.page.bringToFront();
  await tileIs(visitor.page, 'music', 'down');
  await second.close();
  await sandbox.set('music', 'up');
  await tileIs(visitor.page, 'music', 'up');
  await visitor.leave();
});

test('what somebody types survives the updates around it', async (t) => {
  const { visitor } = await portalWithMusic(t);
  const { page } = visitor;
  await visitor.open('/');
  await visitor.live();
  await tileIs(page, 'music', 'up');
  await page.getByLabel('Search everything').click();
  const box = page.getByRole('combobox', { name: 'Search titles, people and commands' });
  await box.pressSequentially('https://exam');
  const before = await tile(page, 'music').innerText();

  await sandbox.set('music', 'down');
  await tileIs(page, 'music', 'down');
  await box.pressSequentially('ple.net');

  assert.equal(await box.inputValue(), 'https://example.net');
  assert.notEqual(await tile(page, 'music').innerText(), before);
  await sandbox.set('music', 'up');
  await visitor.leave();
});

test('a member is signed out everywhere within a second of being disabled', async (t) => {
  const { portal, visitor, api } = await portalWithMusic(t);
  const member = { username: 'mia', password: 'a password of mia' };
  const { id } = await api.post('/api/v1/users', { ...member, role: 'user' }, 201);
  const other = await Visitor.arrive(browser, portal);
  await other.signIn(member);
  await other.open('/');
  await other.live();

  await api.ask('PATCH', `/api/v1/users/${id}`, { enabled: false }, 200);

  await eventually('the page of mia is the sign-in page', () => new URL(other.page.url()).pathname === '/login', 5_000);
  await other.leave(/htmx:sse:error.* 401/);
  await visitor.leave();
});
