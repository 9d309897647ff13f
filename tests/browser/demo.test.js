// `medianest demo`: one link, and somebody who has nothing sees everything.

import { after, before, test } from 'node:test';

import { Visitor, launch, tileIs } from './support.js';
import { Portal } from '../support/portal.js';
import { eventually } from '../support/program.js';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test('the link of the demo signs in as its admin, among services and films', async (t) => {
  const portal = await Portal.start({}, 'demo');
  t.after(() => portal.dispose());
  const link = await eventually('the log has the link', () => portal.log.match(/signed in as its admin: (http[^\s"]+)/)?.[1]);
  const visitor = await Visitor.arrive(browser, portal);
  const { page } = visitor;

  await page.goto(link, { waitUntil: 'domcontentloaded' });
  // A link that signs in asks first: a page elsewhere could have sent somebody there.
  const button = page.getByRole('button', { name: /demo|sign in|continue/i });
  if (!(await page.locator('[data-stream]').count())) await button.first().click();
  await visitor.live();
  await tileIs(page, 'photos', 'up');
  await tileIs(page, 'old-printer', 'down', 30_000);

  await visitor.open('/downloads');
  await visitor.live();
  await page.locator('li[id^=dl-][data-status=completed]').first().waitFor({ timeout: 60_000 });
  await visitor.picture('demo-downloads');
  await visitor.open('/admin/actors');
  await visitor.live();
  await page.locator('main').getByRole('link', { name: 'photos' }).locator('visible=true').first().waitFor();
  await visitor.picture('demo-actors');
  await visitor.leave();
});
