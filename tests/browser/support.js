// Chromium as the journeys use it, and the steps that several journeys share.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { ADMIN } from '../support/portal.js';

export const DESKTOP = { viewport: { width: 1280, height: 860 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** Where pictures go, for somebody to look at. */
const pictures = process.env.MEDIANEST_SCREENSHOTS ?? join(tmpdir(), 'medianest-screenshots');

const executablePath =
  process.env.MEDIANEST_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** A new browser. It talks to nobody but the portal: a closed network makes it slow otherwise. */
export function launch() {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A person at a device, who writes down everything that the browser complains about. */
export class Visitor {
  static async arrive(browser, portal, options = DESKTOP) {
    const context = await browser.newContext({ acceptDownloads: true, ...options });
    const visitor = new Visitor(context, portal);
    context.setDefaultTimeout(15_000);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    visitor.page = await visitor.tab();
    return visitor;
  }

  constructor(context, portal) {
    this.context = context;
    this.portal = portal;
    this.complaints = [];
  }

  async tab() {
    const page = await this.context.newPage();
    page.on('console', (message) => {
      // Chromium says so of every refused form; the journeys look at the answers themselves.
      const isNoise = /Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !isNoise) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error.stack ?? error)));
    return page;
  }

  url(path) {
    return this.portal.url + path;
  }

  async open(path) {
    const answer = await this.page.goto(this.url(path), { waitUntil: 'domcontentloaded' });
    assert.ok(answer.status() < 400, `${path} answered ${answer.status()}`);
    return answer;
  }

  async signIn({ username, password } = ADMIN) {
    await this.open('/login');
    await this.page.locator('input[name=username]').fill(username);
    await this.page.locator('input[name=password]').fill(password);
    await this.page.getByRole('button', { name: /^sign in$/i }).click();
    await this.page.waitForURL((url) => !url.pathname.endsWith('/login'));
  }

  /** Waits until the page says that it is live. */
  async live(timeout = 10_000) {
    const isLive = () => document.documentElement.dataset.live === 'live';
    await this.page.waitForFunction(isLive, null, { timeout }).catch(() => assert.fail(`${this.page.url()} never went live`));
  }

  /** From here on `stayed` fails if the page was loaded anew. */
  mark() {
    return this.page.evaluate(() => (window.marked = true));
  }

  async stayed() {
    assert.ok(await this.page.evaluate(() => window.marked === true), 'the page was loaded anew');
  }

  /** A picture of the page, and the proof that nothing sticks out sideways. */
  async picture(name) {
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} pixels wider than the window`);
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  }

  /** Leaves; fails if the browser had anything to complain about but what is `expected`. */
  async leave(expected = null) {
    await this.context.close();
    const complaints = this.complaints.filter((complaint) => !expected?.test(complaint));
    assert.deepEqual(complaints, [], 'the browser complained');
  }
}

/** The first start in a browser: opens the link from the log and makes the first admin. */
export async function setUp(visitor) {
  const { page, portal } = visitor;
  const link = portal.log.match(/https?:\/\/[^\s"]+\/setup[^\s"]*/)?.[0];
  assert.ok(link, `the log has the set-up link:\n${portal.log}`);
  await page.goto(link, { waitUntil: 'domcontentloaded' });
  await page.locator('input[name=username]').fill(ADMIN.username);
  await page.locator('input[name=password]').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Create the account' }).click();
  await page.getByRole('heading', { name: `You are in, ${ADMIN.username}` }).waitFor();
}

/** An admin adds a service on its page. */
export async function addService(visitor, name, url, interval = '1s') {
  const { page } = visitor;
  await visitor.open('/admin/services');
  const form = page.locator('form#service');
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Address').fill(url);
  await form.getByLabel('Check every').fill(interval);
  await form.getByRole('button', { name: 'Add it' }).click();
  await page.locator(`#pick-${name}`).waitFor();
}

export const tile = (page, name) => page.locator(`#svc-${name}`);

export function tileIs(page, name, status, timeout) {
  return page.locator(`#svc-${name}[data-status=${status}]`).waitFor({ timeout });
}

/** Pastes a link and chooses Download; answers with the id of the new download. */
export async function addDownload(visitor, link, preset = null) {
  const { page } = visitor;
  const known = new Set(await page.locator('li[id^=dl-]').evaluateAll((rows) => rows.map((row) => row.id)));
  const form = page.getByRole('form', { name: 'Add a download' });
  await form.getByLabel('Link to a video or playlist').fill(link);
  if (preset) await form.locator(`label.chip:has(input[value="${preset}"])`).click();
  await form.getByRole('button', { name: 'Download', exact: true }).click();
  const id = await page.waitForFunction(
    (known) => [...document.querySelectorAll('li[id^=dl-]')].map((row) => row.id).find((id) => !known.includes(id)),
    [...known],
  );
  return (await id.jsonValue()).slice('dl-'.length);
}

export const row = (page, id) => page.locator(`#dl-${id}`);

/** Waits until the row of `id` says `status`. */
export function rowIs(page, id, status, timeout = 30_000) {
  return page.locator(`#dl-${id}[data-status=${status}]`).waitFor({ timeout });
}

/** Sees the bar of a running download at three different places. */
export async function barMoves(page, id) {
  await page.waitForFunction(
    (id) => {
      const bar = document.querySelector(`#dl-${id} progress[value]`);
      window.seen ??= new Set();
      if (bar) window.seen.add(bar.value);
      return window.seen.size >= 3;
    },
    id,
    { timeout: 30_000, polling: 50 },
  );
}
