// The trip that everything else is for: a fresh portal is set up in a browser, shows a service as it
// goes and comes back, and brings a film from a link to the screen.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { crawl } from './crawl.js';
import { DESKTOP, PHONE, Visitor, addDownload, addService, barMoves, launch, row, rowIs, setUp, tileIs } from './support.js';
import { Portal, engines } from '../support/portal.js';
import { Sandbox } from '../support/sandbox.js';

let browser;
let sandbox;
before(async () => {
  [browser, sandbox] = await Promise.all([launch(), Sandbox.start(['music', 'photos'])]);
});
after(async () => {
  await browser?.close();
  await sandbox?.stop();
});

async function trip(t, { device, engine = engines.embedded, base = '', pictures }) {
  await sandbox.set('music', 'up');
  const portal = await Portal.start({
    ...(await engine.env()),
    ...(base ? { MEDIANEST_BASE_PATH: base } : {}),
    MEDIANEST_DOWNLOAD_ALLOW_HOSTS: sandbox.host,
  });
  t.after(() => portal.dispose());
  const visitor = await Visitor.arrive(browser, portal, device);
  const { page } = visitor;

  await t.test('the set-up link makes the first admin', async () => {
    await setUp(visitor);
    await visitor.open('/');
    await visitor.live();
    await visitor.picture(`${pictures}-home-empty`);
  });

  await t.test('a service is seen to go and to come back, without a reload', async () => {
    await addService(visitor, 'music', sandbox.services.music);
    await visitor.open('/');
    await visitor.live();
    await visitor.mark();
    await tileIs(page, 'music', 'up');

    await sandbox.set('music', 'down');
    await tileIs(page, 'music', 'down', 8_000);
    await visitor.picture(`${pictures}-home-down`);
    await sandbox.set('music', 'up');
    await tileIs(page, 'music', 'up', 8_000);

    await sandbox.set('music', 'hang');
    await tileIs(page, 'music', 'down', 10_000);
    await sandbox.set('music', 'up');
    await tileIs(page, 'music', 'up', 10_000);
    await visitor.stayed();
  });

  await t.test('a link becomes a film, and the bar moves on the way', async () => {
    await visitor.open('/downloads');
    await visitor.live();
    await visitor.mark();
    const id = await addDownload(visitor, `${sandbox.site}/slow/clip-trip.mp4?kbps=350`);
    await barMoves(page, id);
    await visitor.picture(`${pictures}-downloads-running`);
    await rowIs(page, id, 'completed');
    await visitor.stayed();
    await visitor.picture(`${pictures}-downloads-finished`);

    await row(page, id).locator('.acts').getByRole('link', { name: /^play/i }).click();
    await page.locator('video').waitFor();
    const seconds = await page.waitForFunction(() => document.querySelector('video').duration || 0);
    assert.ok((await seconds.jsonValue()) > 7, 'the film has its length');
    await page.locator('video').evaluate(async (video) => {
      video.muted = true;
      await video.play();
    });
    await page.waitForFunction(() => document.querySelector('video').currentTime > 0.3);
    await visitor.picture(`${pictures}-download`);

    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: /^save/i }).first().click();
    const saved = await (await saving).path();
    const original = await fetch(`${sandbox.site}/files/clip.mp4`, { method: 'HEAD' });
    assert.equal(statSync(saved).size, Number(original.headers.get('content-length')));
  });

  await t.test('a page with a film, HLS, DASH and sound alone come down too', async () => {
    await visitor.open('/downloads');
    await visitor.live();
    const ids = [];
    for (const [path, preset] of [['/watch/small', null], ['/hls/master.m3u8', '720p'], ['/dash/manifest.mpd', 'mp4'], ['/files/small-tune.mp4', 'mp3']]) {
      ids.push(await addDownload(visitor, sandbox.site + path, preset));
    }
    for (const id of ids) await rowIs(page, id, 'completed', 60_000);
  });

  return { portal, visitor };
}

for (const engine of [engines.embedded, engines.servers]) {
  test(`the trip on ${engine.title}`, { skip: engine.skip }, async (t) => {
    const { visitor } = await trip(t, { device: DESKTOP, engine, pictures: engine === engines.embedded ? 'desktop' : 'servers' });
    await visitor.leave();
  });
}

test('the trip on a phone', async (t) => {
  const { visitor } = await trip(t, { device: PHONE, pictures: 'phone' });
  await visitor.leave();
});

test('the trip below a base path, and no address leads out of it', async (t) => {
  const { portal, visitor } = await trip(t, { device: DESKTOP, base: '/medianest', pictures: 'base' });
  const cookies = await visitor.context.cookies();
  await visitor.leave();

  const { pages, strays } = await crawl(portal, cookies);
  t.diagnostic(`${pages.length} pages: ${pages.join(' ')}`);
  assert.deepEqual(strays, []);
  for (const expected of ['/', '/downloads', '/status', '/account', '/admin/services', '/admin/users', '/admin/actors']) {
    assert.ok(pages.includes(`/medianest${expected}`), `${expected} was found by following links`);
  }
});
