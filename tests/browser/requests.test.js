// From a wish to the film: a member finds a title and asks for it, an admin decides in another
// browser, and both see every step as it happens.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { DESKTOP, PHONE, Visitor, launch } from './support.js';
import { ADMIN, Portal } from '../support/portal.js';
import { eventually } from '../support/program.js';
import { Sandbox } from '../support/sandbox.js';

const PASSWORD = 'correct horse battery';
const BEN = { username: 'ben', password: PASSWORD };
const CLEO = { username: 'cleo', password: PASSWORD };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A portal with Overseerr, an admin and two members. */
async function household(t) {
  const sandbox = await Sandbox.start([], ['--stand-in', 'seerr']);
  t.after(() => sandbox.stop());
  const portal = await Portal.start({ MEDIANEST_API_PER_MINUTE: '0' });
  t.after(() => portal.dispose());
  const api = await portal.setUp();
  for (const { username, password } of [BEN, CLEO]) {
    await api.post('/api/v1/users', { username, password, role: 'user' }, 201);
  }
  const { url, api_key } = sandbox.standIns.seerr;
  await api.post('/api/v1/services', { name: 'seerr', kind: 'overseerr', url, api_key, interval: '1s' }, 201);
  const films = await eventually('Overseerr answers', async () => {
    const answer = await api.raw('GET', '/api/v1/discover/movies');
    return answer.status === 200 ? (await answer.json()).items : null;
  }, 15_000);
  const missing = films.filter((film) => film.status === null || film.status === 'unknown');
  assert.ok(missing.length >= 2, 'the house does not have everything');
  return { sandbox, portal, api, missing };
}

async function arrive(portal, person, device = DESKTOP) {
  const visitor = await Visitor.arrive(browser, portal, device);
  await visitor.signIn(person);
  return visitor;
}

const requestIs = (page, status, timeout = 60_000) => page.locator(`article.req[data-status=${status}]`).first().waitFor({ timeout });

/** Opens the page of a title by its poster on the discover page. */
async function openTitle(visitor, film) {
  await visitor.open('/discover');
  await visitor.live();
  await visitor.page.locator(`.poster[href$="/discover/movie/${film.tmdb_id}"]`).first().click();
  await visitor.page.getByRole('heading', { level: 1, name: film.title }).waitFor();
}

for (const [name, device] of [['desktop', DESKTOP], ['phone', PHONE]]) {
  test(`a film is asked for, approved, downloaded and there (${name})`, async (t) => {
    const { sandbox, portal, missing } = await household(t);
    const [film] = missing;
    const ben = await arrive(portal, BEN, device);
    const ana = await arrive(portal, ADMIN, device);
    await ana.open('/requests');
    await ana.live();
    await ana.mark();

    await openTitle(ben, film);
    await ben.picture(`title-${name}`);
    await ben.live();
    await ben.mark();
    const sheet = ben.page.locator('#request-sheet');
    await sheet.getByRole('button', { name: 'Request', exact: true }).click();
    await sheet.getByText('You asked').waitFor();
    await ben.stayed();

    // It appears in the admin's browser by itself.
    await requestIs(ana.page, 'pending', 15_000);
    await ana.picture(`requests-waiting-${name}`);
    await ben.open('/requests');
    await ben.live();
    await ben.mark();
    await requestIs(ben.page, 'pending');

    await ana.page.getByRole('button', { name: /^Approve/ }).click();
    await ben.page.locator('article.req:is([data-status=approved],[data-status=processing])').waitFor({ timeout: 30_000 });
    const id = await eventually('Overseerr knows of it', async () => {
      const { requests } = await sandbox.fake('seerr', 'GET', 'state');
      return requests.find((request) => request.tmdb === film.tmdb_id)?.id;
    }, 30_000);
    await sandbox.fake('seerr', 'POST', `requests/${id}/progress`, { done: 0.4 });
    await ben.page.locator('article.req progress').waitFor({ timeout: 90_000 });
    await ben.picture(`requests-moving-${name}`);
    await sandbox.fake('seerr', 'POST', `requests/${id}/arrive`);
    await requestIs(ben.page, 'available', 90_000);
    await ben.picture(`requests-there-${name}`);
    await ben.stayed();
    await ana.stayed();
    await ben.leave();
    await ana.leave();
  });
}

test('members join and talk, and a no comes with its reason', async (t) => {
  const { portal, missing } = await household(t);
  const film = missing[1];
  const [ben, cleo, ana] = [await arrive(portal, BEN), await arrive(portal, CLEO), await arrive(portal, ADMIN)];
  await openTitle(ben, film);
  await ben.page.locator('#request-sheet').getByRole('button', { name: 'Request', exact: true }).click();
  await ben.page.locator('#request-sheet').getByText('You asked').waitFor();

  await openTitle(cleo, film);
  await cleo.page.locator('#request-sheet').getByRole('button', { name: 'Me too' }).click();
  await cleo.page.getByText('You hear of it too').waitFor();
  await cleo.page.locator('#request-sheet').getByRole('link', { name: /ben asked/ }).click();
  await cleo.live();
  await cleo.mark();
  await ben.open('/requests');
  await ben.page.locator('article.req h2 a').click();
  await ben.live();
  await ben.mark();

  await cleo.page.getByLabel('Say something').fill('Saturday <night>, then?');
  await cleo.page.getByRole('button', { name: 'Send' }).click();
  await ben.page.locator('.talk').getByText('Saturday <night>, then?').waitFor();
  // The box is empty again.
  await cleo.page.locator('input[name=text]:placeholder-shown').waitFor();
  // What somebody types is still there when the page changes around it.
  await ben.page.getByLabel('Say something').pressSequentially('Yes, I bring');
  await cleo.page.getByLabel('Say something').fill('Popcorn?');
  await cleo.page.getByRole('button', { name: 'Send' }).click();
  await ben.page.locator('.talk').getByText('Popcorn?').waitFor();
  assert.equal(await ben.page.getByLabel('Say something').inputValue(), 'Yes, I bring');
  await ben.picture('request-talk');

  await ana.open('/requests?show=waiting');
  await ana.live();
  await ana.page.locator('summary', { hasText: 'Decline' }).click();
  await ana.page.locator('label.chip', { hasText: 'Not out yet' }).click();
  await ana.page.getByLabel('In your own words').fill('Ask again in March.');
  await ana.picture('requests-decline');
  await ana.page.getByRole('button', { name: 'Decline and tell ben' }).click();
  for (const visitor of [ben, cleo]) {
    await visitor.page.locator('#requests').getByText('Not out yet. Ask again in March.').waitFor();
    await visitor.stayed();
  }
  for (const visitor of [ana, ben, cleo]) await visitor.leave();
});

test('without JavaScript: discover, ask, take back, approve', async (t) => {
  const { portal, missing } = await household(t);
  const [film] = missing;
  const ben = await arrive(portal, BEN, { ...DESKTOP, javaScriptEnabled: false });
  await ben.open('/discover/movies');
  await ben.page.locator(`.poster[href$="/discover/movie/${film.tmdb_id}"]`).click();
  await ben.page.locator('#request-sheet').getByRole('button', { name: 'Request', exact: true }).click();
  await ben.page.locator('#request-sheet').getByText('You asked').waitFor();
  await ben.page.locator('#request-sheet summary').first().click();
  await ben.page.getByRole('button', { name: 'Take it back' }).click();
  await ben.page.locator('#request-sheet').getByRole('button', { name: 'Request', exact: true }).click();
  await ben.page.locator('#request-sheet').getByText('You asked').waitFor();

  const ana = await arrive(portal, ADMIN, { ...DESKTOP, javaScriptEnabled: false });
  await ana.open('/requests?show=waiting');
  await ana.page.getByRole('button', { name: /^Approve/ }).first().click();
  await ana.page.waitForURL(/\/requests$/);
  assert.equal(await ana.page.locator('article.req[data-status=pending]').count(), 0);
  await ben.leave();
  await ana.leave();
});

test('while Overseerr is away the pages show what was known, say so, and heal by themselves', async (t) => {
  const { sandbox, portal, missing } = await household(t);
  const [film, other] = missing;
  const ana = await arrive(portal, ADMIN);
  await openTitle(ana, film);
  await sandbox.fake('seerr', 'POST', 'faults', { fault: 'status', status: 503 });
  const sheet = ana.page.locator('#request-sheet');
  await eventually('the portal has noticed', async () => {
    await ana.open(`/discover/movie/${film.tmdb_id}`);
    return (await ana.page.locator('#request-closed').count()) > 0;
  }, 30_000, 500);
  assert.ok(await sheet.getByRole('button', { name: 'Request', exact: true }).isDisabled());
  await ana.picture('title-away');
  // What nobody ever asked about cannot be shown; the page says why, and in time.
  const began = Date.now();
  await ana.open(`/discover/movie/${other.tmdb_id}`);
  assert.ok(Date.now() - began < 2_500, `it took ${Date.now() - began} ms`);
  await ana.open('/discover');
  await ana.picture('discover-away');
  await ana.open(`/discover/movie/${film.tmdb_id}`);
  await ana.live();
  await ana.mark();

  await sandbox.fake('seerr', 'DELETE', 'faults');
  await ana.page.locator('#request-sheet button[type=submit]:not([disabled])').waitFor({ timeout: 60_000 });
  await ana.stayed();
  await ana.leave();
});
