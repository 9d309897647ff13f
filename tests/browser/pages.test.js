// Every page in dark and light, at a desk and on a phone: it fits, it complains of nothing, and there
// is a picture of it for somebody to look at.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { DESKTOP, PHONE, Visitor, launch } from './support.js';
import { Portal } from '../support/portal.js';
import { eventually } from '../support/program.js';
import { Sandbox } from '../support/sandbox.js';

let browser;
let sandbox;
let portal;
before(async () => {
  [browser, sandbox] = await Promise.all([launch(), Sandbox.start(['music', 'photos', 'films', 'home-assistant'])]);
  portal = await Portal.start({
    MEDIANEST_API_PER_MINUTE: '0',
    MEDIANEST_DOWNLOADS_PER_HOUR: '0',
    MEDIANEST_DOWNLOAD_ALLOW_HOSTS: sandbox.host,
  });
  await fill(await portal.setUp());
});
after(async () => {
  await portal?.dispose();
  await browser?.close();
  await sandbox?.stop();
});

/** A household in the middle of its life: something is down, something failed, something runs. */
async function fill(api) {
  await sandbox.set('photos', 'down');
  for (const [name, url] of Object.entries(sandbox.services)) {
    await api.post('/api/v1/services', { name, url, interval: '1s' }, 201);
  }
  await api.post('/api/v1/users', { username: 'mia', password: 'a password of mia', role: 'user' }, 201);
  const links = ['/files/small-done.mp4', '/feed.xml?n=3&bad=2', '/status/404/gone.mp4', '/text', '/slow/large-run.mp4?kbps=20', '/slow/clip-run.mp4?kbps=20', '/files/small-wait.mp4'];
  for (const path of links) await api.post('/api/v1/downloads', { url: sandbox.site + path, preset: 'best' }, 202);
  await eventually('the downloads are where they belong', async () => {
    const jobs = await api.all('/api/v1/downloads');
    return jobs.filter((job) => job.status === 'failed').length >= 2 && jobs.filter((job) => job.status === 'running').length === 2;
  }, 60_000, 200);
}

const LIVE = ['/', '/downloads', '/status', '/admin/services', '/admin/actors'];
const STILL = ['/account', '/admin/users'];

for (const [device, options] of [['desktop', DESKTOP], ['phone', PHONE]]) {
  for (const colorScheme of ['dark', 'light']) {
    test(`every page at the ${device}, ${colorScheme}`, async () => {
      const guest = await Visitor.arrive(browser, portal, { ...options, colorScheme });
      await guest.open('/login');
      await guest.picture(`page-login-${device}-${colorScheme}`);
      await guest.leave();

      const visitor = await Visitor.arrive(browser, portal, { ...options, colorScheme });
      await visitor.signIn();
      for (const path of [...LIVE, ...STILL]) {
        await visitor.open(path);
        if (LIVE.includes(path)) await visitor.live();
        const title = await visitor.page.title();
        assert.match(title, /MediaNest/);
        await visitor.picture(`page${path.replaceAll('/', '-')}${path === '/' ? 'home' : ''}-${device}-${colorScheme}`);
      }
      await visitor.leave();
    });
  }
}

test('failures are told in words that a person understands', async () => {
  const visitor = await Visitor.arrive(browser, portal);
  await visitor.signIn();
  await visitor.open('/downloads');
  const words = await visitor.page.locator('li[id^=dl-][data-status=failed] .why').allInnerTexts();
  assert.ok(words.length >= 2, words.join('\n'));
  for (const text of words) {
    assert.doesNotMatch(text, /ERROR|Traceback|HTTPError|urllib|yt_dlp|\/incoming\//);
    assert.match(text, /^[A-Z].*\.$/s, `a sentence: ${text}`);
  }
  await visitor.leave();
});
