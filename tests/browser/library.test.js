// The library and search in a browser, with a stand-in Plex that goes away and comes back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { DESKTOP, PHONE, Visitor, launch } from './support.js';
import { ADMIN, Portal } from '../support/portal.js';
import { eventually } from '../support/program.js';
import { Sandbox } from '../support/sandbox.js';

let browser;
let sandbox;
let portal;
let api;

before(async () => {
  [browser, sandbox] = await Promise.all([launch(), Sandbox.start()]);
  portal = await Portal.start({ MEDIANEST_API_PER_MINUTE: '0' });
  api = await portal.setUp();
  const { server_url: url, owner_token: api_key } = sandbox.plex;
  await api.post('/api/v1/services', { name: 'plex', kind: 'plex', url, api_key, interval: '1s' }, 201);
  await eventually('the library answers', async () => {
    const answer = await api.raw('GET', '/api/v1/library/sections');
    return answer.status === 200;
  }, 20_000);
});
after(async () => {
  await browser?.close();
  await portal?.dispose();
  await sandbox?.stop();
});

async function fault(fault) {
  const path = new URL('/_fake/faults', sandbox.plex.server_url);
  const init = fault ? { method: 'POST', body: JSON.stringify(fault) } : { method: 'DELETE' };
  const answer = await fetch(path, init);
  assert.ok(answer.ok, `${path}: ${answer.status}`);
}

for (const [name, device] of [['desktop', DESKTOP], ['phone', PHONE]]) {
  test(`somebody browses, filters, opens a title and makes a collection on a ${name}`, async () => {
    const visitor = await Visitor.arrive(browser, portal, device);
    const { page } = visitor;
    await visitor.signIn(ADMIN);
    // The dashboard does not wait for Plex; its rails follow.
    await page.locator('#shelves .rail .poster').first().waitFor();
    await visitor.picture(`home-library-${name}`);

    await visitor.open('/library');
    await page.locator('#hero h1').waitFor();
    await visitor.picture(`library-${name}`);
    await page.getByRole('navigation', { name: 'Libraries' }).getByRole('link').nth(1).click();
    // A stand-in that draws its first posters may be too slow at first; the page then heals itself.
    await page.locator('#titles .posters .poster').first().waitFor({ timeout: 60_000 });
    await visitor.picture(`section-${name}`);

    // A filter changes the grid and the address, and nothing else.
    await visitor.mark();
    const all = await page.locator('#titles .poster').count();
    await page.getByLabel('Genre').selectOption({ index: 1 });
    await page.waitForURL(/genre=/);
    await page.waitForFunction((all) => document.querySelectorAll('#titles .poster').length < all, all);
    await visitor.stayed();
    await page.getByRole('link', { name: 'Show all', exact: true }).click();
    await page.waitForURL((url) => url.search === '');

    const poster = page.locator('#titles .poster').first();
    const title = await poster.locator('b').innerText();
    await poster.click();
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    const link = await page.getByRole('link', { name: /Open in Plex/ }).getAttribute('href');
    assert.ok(link.includes(sandbox.plex.machine_id), link);
    await visitor.picture(`library-title-${name}`);

    const collection = `Rainy Sundays ${name}`;
    await page.locator('#collections input[name=title]').fill(collection);
    await page.locator('#collections').getByRole('button', { name: 'Add' }).click();
    await page.getByRole('heading', { name: collection }).waitFor();
    assert.equal(await page.locator('.posters .poster').count(), 1);
    await visitor.picture(`collection-${name}`);
    await page.getByText('Change this collection').click();
    await page.locator('#tools details.menu summary').click();
    await page.getByRole('button', { name: 'Delete the collection' }).click();
    await page.getByRole('heading', { name: 'Collections', level: 1 }).waitFor();
    assert.equal(await page.getByText(collection).count(), 0);
    await visitor.leave();
  });
}

test('a show leads to its seasons and episodes', async () => {
  const visitor = await Visitor.arrive(browser, portal);
  const { page } = visitor;
  await visitor.signIn(ADMIN);
  await visitor.open('/library/2');
  await page.locator('#titles .poster').first().click();
  await page.getByRole('heading', { name: 'Seasons' }).waitFor();
  await visitor.picture('library-show');
  await page.getByRole('link', { name: /^Episodes of/ }).first().click();
  await page.getByRole('heading', { name: 'Episodes' }).waitFor();
  assert.ok((await page.locator('.episodes li').count()) > 0);
  await visitor.picture('library-season');
  await visitor.leave();
});

test('the palette searches everything, and a broken source delays no other', async () => {
  const visitor = await Visitor.arrive(browser, portal);
  const { page } = visitor;
  await visitor.signIn(ADMIN);
  const { items } = await api.get('/api/v1/library/sections/1/items');
  const title = items[0].title;

  await page.keyboard.press('Control+k');
  const box = page.getByRole('combobox', { name: /Search titles/ });
  await box.fill(title.slice(0, 5));
  const hit = page.locator('#hit-library [role=option]').first();
  await hit.waitFor();
  await visitor.picture('palette');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  assert.equal(await page.locator('#palette [aria-selected=true]').count(), 1);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#palette[open]').count(), 0);

  await fault({ fault: 'hang', path: '/hubs/search*' });
  try {
    await page.keyboard.press('Control+k');
    await box.fill(ADMIN.username.slice(0, 3));
    const person = page.locator('#hit-people [role=option]').first();
    await person.waitFor({ timeout: 1500 });
    await page.locator('#hit-library').getByText(/slow|answer/).waitFor({ timeout: 8000 });
    await person.click();
    await page.waitForURL(/admin\/users/);
  } finally {
    await fault(null);
  }
  await visitor.leave();
});

test('an outage is said where something is missing, and the page heals without a reload', async () => {
  const visitor = await Visitor.arrive(browser, portal);
  const { page } = visitor;
  await visitor.signIn(ADMIN);
  await fault({ fault: 'status', status: 503 });
  try {
    // Nobody has asked for these before, so there is nothing old to show.
    await visitor.open('/library/1?sort=year:desc&year=2024');
    await page.locator('section[data-ill]').waitFor();
    await visitor.picture('library-outage');
    await visitor.live();
    await visitor.mark();
  } finally {
    await fault(null);
  }
  await page.locator('#titles .poster').first().waitFor({ timeout: 60_000 });
  assert.equal(await page.locator('[data-ill]').count(), 0);
  await visitor.stayed();
  await visitor.leave();
});

test('without script there is a library, a next page, a title and a search', async () => {
  const visitor = await Visitor.arrive(browser, portal, { ...DESKTOP, javaScriptEnabled: false });
  const { page } = visitor;
  await visitor.signIn(ADMIN);
  await visitor.open('/library/1?sort=added:desc');
  const title = await page.locator('#titles .poster b').first().innerText();
  await page.locator('#titles .poster').first().click();
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  await page.getByRole('searchbox', { name: 'Search everything' }).fill(title);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Search' }).waitFor();
  await page.locator('#hit-library a').first().click();
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  await visitor.leave();
});
