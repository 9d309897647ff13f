// Signing in with Plex in a real browser: the way to Plex and back in one tab, the code for a television,
// and every way in which it does not work. plex.tv and the media server are stand-ins.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ADMIN, Portal } from '../support/portal.js';
import { eventually } from '../support/program.js';
import { Sandbox } from '../support/sandbox.js';
import { DESKTOP, PHONE, Visitor, launch } from './support.js';

let browser;
let sandbox;
let portal;
let api;

before(async () => {
  [browser, sandbox] = await Promise.all([launch(), Sandbox.start()]);
  portal = await Portal.start({
    MEDIANEST_PLEX_TV_URL: sandbox.plex.tv_url,
    MEDIANEST_PLEX_CLIENTS_URL: sandbox.plex.tv_url,
    MEDIANEST_PLEX_AUTH_URL: sandbox.plex.auth_url,
    MEDIANEST_API_PER_MINUTE: '0',
  });
  api = await portal.setUp();
  await api.post('/api/v1/services', { name: 'plex', kind: 'plex', url: sandbox.plex.server_url, interval: '30s' }, 201);
});
after(async () => {
  await browser?.close();
  await portal?.dispose();
  await sandbox?.stop();
});

const DEVICES = { desktop: DESKTOP, phone: PHONE };

const faults = (method, body) => fetch(`${sandbox.plex.tv_url}/_fake/faults`, { method, body: JSON.stringify(body) });

/** On the page of Plex: I am `who`. */
async function approve(page, who) {
  await page.waitForURL((url) => url.href.startsWith(sandbox.plex.auth_url));
  await page.locator(`button[name=user][value=${who}]`).click();
}

for (const [name, device] of Object.entries(DEVICES)) {
  test(`on a ${name}`, async (t) => {
    await t.test('a friend goes to Plex and comes back signed in, in the same tab', async () => {
      const visitor = await Visitor.arrive(browser, portal, device);
      const { page } = visitor;
      await visitor.open('/login?next=%2Fdownloads');
      await visitor.picture(`plex-login-${name}`);
      await page.getByRole('button', { name: 'Continue with Plex' }).click();
      await approve(page, 'friend');
      await page.waitForURL((url) => url.pathname === '/downloads', { timeout: 15_000 });
      assert.equal(visitor.context.pages().length, 1, 'no second tab was opened');
      const cookies = await visitor.context.cookies();
      const session = cookies.find((cookie) => cookie.name === 'mn_sid');
      assert.ok(session.httpOnly && session.sameSite === 'Lax');

      await visitor.open('/account');
      await page.getByText('Linked to mia.k').waitFor();
      assert.equal(await page.getByLabel('Password now').count(), 0, 'there is no password to change');
      await visitor.picture(`plex-account-${name}`);
      await visitor.leave();
    });

    await t.test('a stranger hears why not, and can try again', async () => {
      const visitor = await Visitor.arrive(browser, portal, device);
      const { page } = visitor;
      await visitor.open('/login');
      await page.getByRole('button', { name: 'Continue with Plex' }).click();
      await approve(page, 'stranger');
      await page.locator('#plex-refused').waitFor();
      assert.match(await page.locator('#plex-refused').innerText(), /is not shared|No server is shared/i);
      await visitor.picture(`plex-stranger-${name}`);

      await page.getByRole('button', { name: 'Try again with Plex' }).click();
      await approve(page, 'friend2');
      await page.waitForURL((url) => url.pathname === '/', { timeout: 15_000 });
      await visitor.leave();
    });

    await t.test('a code is typed elsewhere, and the page goes on by itself', async () => {
      const visitor = await Visitor.arrive(browser, portal, device);
      const { page } = visitor;
      await visitor.open('/login');
      await page.getByText('Sign in with a code instead').click();
      await page.getByRole('button', { name: 'Get a code' }).click();
      await page.locator('.code').waitFor();
      const code = (await page.locator('.code span').allInnerTexts()).join('');
      assert.match(code, /^[A-Z0-9]{4}$/i);
      await page.getByText(/The code is good for 14 min \d+ s/).waitFor();
      await visitor.picture(`plex-code-${name}`);
      await page.getByText(/The code is good for 14 min 5[0-7] s/).waitFor();

      await page.getByRole('button', { name: 'New code' }).click();
      await page.waitForFunction((old) => [...document.querySelectorAll('.code span')].map((s) => s.innerText).join('') !== old, code);
      const fresh = (await page.locator('.code span').allInnerTexts()).join('');
      const said = await fetch(`${sandbox.plex.tv_url}/_fake/approve?code=${fresh}&user=friend`, { method: 'POST' });
      assert.equal(said.status, 200);
      await page.waitForURL((url) => url.pathname === '/', { timeout: 15_000 });
      await visitor.leave();
    });

    await t.test('while Plex is down the page says so and a password still opens', async () => {
      await faults('POST', { path: '/api/v2/*', fault: 'status', status: 503 });
      const visitor = await Visitor.arrive(browser, portal, device);
      const { page } = visitor;
      await visitor.open('/login');
      await page.getByRole('button', { name: 'Continue with Plex' }).click();
      await page.locator('#plex-error').waitFor();
      assert.match(await page.locator('#plex-error').innerText(), /Plex does not answer right now/);
      await visitor.picture(`plex-down-${name}`);
      await page.locator('input[name=username]').fill(ADMIN.username);
      await page.locator('input[name=password]').fill(ADMIN.password);
      await page.locator('#local').getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.waitForURL((url) => url.pathname === '/');
      await visitor.leave();
      await faults('DELETE');
      await eventually('plex.tv is asked again', async () => {
        const began = await fetch(`${portal.url}/api/v1/login/plex`, {
          method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}',
        });
        return began.status === 201;
      }, 60_000, 500);
    });

    await t.test('the owner is connected by a click, and people are imported', async () => {
      const visitor = await Visitor.arrive(browser, portal, device);
      const { page } = visitor;
      await visitor.signIn();
      await visitor.open('/admin/services/plex');
      await visitor.picture(`plex-owner-before-${name}`);
      await page.locator('#plex-owner').getByRole('button', { name: /^Connect/ }).click();
      await approve(page, 'owner');
      await page.waitForURL((url) => url.pathname === '/admin/services/plex', { timeout: 15_000 });
      await eventually('the token is looked at', async () => {
        await visitor.open('/admin/services/plex');
        return (await page.locator('#plex-owner').innerText()).includes('plex.tv accepts the token');
      }, 15_000, 200);
      await visitor.picture(`plex-owner-${name}`);
      await page.getByRole('link', { name: 'Import people' }).click();
      await page.getByRole('heading', { name: 'Import from Plex' }).waitFor();
      await visitor.picture(`plex-import-${name}`);
      const import_ = page.getByRole('button', { name: 'Import the ticked ones' });
      if (await import_.count()) await import_.click();
      else await visitor.open('/admin/users');
      await page.locator('tr', { hasText: 'jonas_b' }).waitFor();
      await visitor.picture(`plex-people-${name}`);
      await page.locator('tr', { hasText: 'mia.k' }).getByRole('button', { name: /^Check/ }).click();
      await page.locator('tr', { hasText: 'mia.k' }).waitFor();
      await visitor.leave();
    });
  });
}

test('without script a link leads to Plex and a button finishes', async () => {
  const visitor = await Visitor.arrive(browser, portal, { ...PHONE, javaScriptEnabled: false });
  const { page } = visitor;
  await visitor.open('/login');
  await page.getByRole('button', { name: 'Continue with Plex' }).click();
  const link = page.getByRole('link', { name: 'Continue to Plex' });
  await visitor.page.screenshot();
  const target = new URL(await link.getAttribute('href'));
  const wanted = new URLSearchParams(target.hash.slice(2));
  const said = await fetch(`${sandbox.plex.tv_url}/_fake/approve?code=${wanted.get('code')}&user=friend`, { method: 'POST' });
  assert.equal(said.status, 200);
  await page.goto(wanted.get('forwardUrl'));
  await eventually('the button finishes it', async () => {
    if (new URL(page.url()).pathname === '/') return true;
    await page.getByRole('button', { name: 'Go on' }).click();
    return new URL(page.url()).pathname === '/';
  }, 15_000, 300);
  await visitor.leave();
});
