// Everything also works with JavaScript off: forms post, links lead on, the list is read again by hand.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { DESKTOP, Visitor, addService, launch, setUp } from './support.js';
import { Portal } from '../support/portal.js';
import { Sandbox } from '../support/sandbox.js';

let browser;
let sandbox;
before(async () => {
  [browser, sandbox] = await Promise.all([launch(), Sandbox.start(['music'])]);
});
after(async () => {
  await browser?.close();
  await sandbox?.stop();
});

/** Loads the page again until `selector` is on it. */
async function reloadUntil(page, selector, deadlineMs = 40_000) {
  const began = Date.now();
  while ((await page.locator(selector).count()) === 0) {
    assert.ok(Date.now() - began < deadlineMs, `${selector} never appeared:\n${await page.locator('main').innerText()}`);
    await page.waitForTimeout(300);
    await page.reload({ waitUntil: 'domcontentloaded' });
  }
}

test('without JavaScript: set up, watch a service, download, cancel, sign out', async (t) => {
  const portal = await Portal.start({ MEDIANEST_DOWNLOAD_ALLOW_HOSTS: sandbox.host });
  t.after(() => portal.dispose());
  const visitor = await Visitor.arrive(browser, portal, { ...DESKTOP, javaScriptEnabled: false });
  const { page } = visitor;

  await setUp(visitor);
  await addService(visitor, 'music', sandbox.services.music);
  await visitor.open('/');
  await reloadUntil(page, '#svc-music[data-status=up]');

  await visitor.open('/downloads');
  const form = page.getByRole('form', { name: 'Add a download' });
  const link = form.getByLabel('Link to a video or playlist');

  await link.fill('ftp://example.net/film.mp4');
  await form.getByRole('button', { name: 'Download', exact: true }).click();
  await page.getByRole('alert').first().waitFor();
  assert.equal(await link.inputValue(), 'ftp://example.net/film.mp4', 'what was typed is kept');

  await link.fill(`${sandbox.site}/files/small-plain.mp4`);
  await form.getByRole('button', { name: 'Look first' }).click();
  await page.getByText('small-plain').first().waitFor();
  assert.equal(await link.inputValue(), `${sandbox.site}/files/small-plain.mp4`);
  await form.getByRole('button', { name: 'Download', exact: true }).click();
  await reloadUntil(page, 'li[id^=dl-][data-status=completed]');

  await link.fill(`${sandbox.site}/slow/clip-plain.mp4?kbps=50`);
  await form.getByRole('button', { name: 'Download', exact: true }).click();
  await reloadUntil(page, 'li[id^=dl-][data-status=running]');
  const running = page.locator('li[id^=dl-][data-status=running]');
  await running.locator('summary[aria-label^=Cancel]').click();
  await running.getByRole('button', { name: 'Cancel it' }).click();
  await reloadUntil(page, 'li[id^=dl-][data-status=cancelled]');
  await visitor.picture('noscript-downloads');

  for (const path of ['/', '/status', '/downloads', '/account', '/admin/services', '/admin/users', '/admin/actors']) {
    await visitor.open(path);
    assert.ok(await page.getByRole('heading', { level: 1 }).isVisible(), path);
  }

  await visitor.open('/account');
  await page.getByRole('button', { name: /sign out/i }).first().click();
  await page.waitForURL(/\/login/);
  await visitor.leave();
});
