// The dashboard: what an admin sees of everybody, and that nobody else sees it.

import { readFile } from 'node:fs/promises';
import { remarks, tabTo } from '../support/access.js';
import { Client } from '../support/api.js';
import { Lia } from '../support/program.js';
import { signIn } from '../support/session.js';
import { expect, test as base } from '../support/test.js';

const HEADING = 'How people feel';

const test = base.extend({
  /** A Lia in which many people have talked, and its admin: one a worker, for nothing here changes it. */
  crowd: [
    async ({ emulator }, use) => {
      const lia = await Lia.start({ provider: emulator.url });
      const admin = await Client.register(lia.url);
      await lia.fill({ messages: 12_000, users: 150 });
      await use({ lia, admin });
      await lia.stop();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ crowd }, use) => {
    await use(crowd.lia.url);
  },

  /** The page of a browser in which the admin is signed in. */
  admin: async ({ page, context, crowd }, use) => {
    await signIn(context, crowd.lia.url, crowd.admin.person);
    await use(page);
  },
});

test('an admin sees charts, and the tables they are drawn from', async ({ admin: page, crowd }) => {
  await page.goto('/admin');
  await expect(page.getByRole('heading', { name: HEADING, level: 1 })).toBeVisible();
  const shown = await crowd.admin.get('/api/v1/admin/sentiment');
  await expect(page.getByText('Messages read').locator('..')).toContainText(shown.messages.toLocaleString('en-GB'));
  const chart = page.getByRole('group', { name: 'Mean score and number of messages over time' });
  await expect(chart).toBeVisible();
  await page.getByText('The same as a table').click();
  const table = page.getByRole('region', { name: 'Over time, as a table' });
  await expect(table.getByRole('row')).toHaveCount(shown.over_time.length + 1);
  for (const [name, groups] of [
    ['Labels', shown.labels],
    ['Emotions', shown.emotions],
    ['By provider', shown.providers],
    ['By model', shown.models],
    ['By method of reading', shown.methods],
  ]) {
    await expect(page.getByRole('table', { name, exact: true }).getByRole('row'), name).toHaveCount(groups.length + 1);
  }
  await expect(page.getByRole('main')).not.toContainText('@');
});

test('the style sheet of the figures may be kept, for its address changes with it', async ({ admin: page, crowd }) => {
  await page.goto('/admin');
  const address = await page.locator('link[rel=stylesheet][href*=reports]').getAttribute('href');
  const lifetime = async (path) => (await fetch(crowd.lia.url + path)).headers.get('cache-control');
  expect(await lifetime(address)).toContain('immutable');
  expect(await lifetime('/reports.css')).toBe('no-cache');
});

test('the filters are the address, and outlast a reload', async ({ admin: page, crowd }) => {
  await page.goto('/admin');
  await page.getByLabel('By', { exact: true }).selectOption('Week');
  await page.getByLabel('Provider', { exact: true }).selectOption('openai');
  await page.getByLabel('Read by', { exact: true }).selectOption('On this server');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/step=week.*provider=openai.*method=local/);
  // A model can be chosen once its provider is.
  await page.getByLabel('Model', { exact: true }).selectOption('gpt-5.2');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/model=gpt-5\.2/);
  const { search } = new URL(page.url());
  const shown = await crowd.admin.get(`/api/v1/admin/sentiment${search}`);
  const told = page.getByText('Messages read').locator('..');
  await expect(told).toContainText(shown.messages.toLocaleString('en-GB'));
  await page.reload();
  await expect(told).toContainText(shown.messages.toLocaleString('en-GB'));
  await expect(page.getByLabel('By', { exact: true })).toHaveValue('week');
  await expect(page.getByLabel('Provider', { exact: true })).toHaveValue('openai');
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('gpt-5.2');
  await expect(page.getByLabel('Read by', { exact: true })).toHaveValue('local');
  await page.getByRole('link', { name: 'Clear' }).click();
  await expect(page.getByLabel('Provider', { exact: true })).toHaveValue('');
});

test('what is shown can be taken along as CSV and JSON', async ({ admin: page, crowd }) => {
  await page.goto('/admin?step=week&provider=openai');
  const shown = await crowd.admin.get('/api/v1/admin/sentiment?step=week&provider=openai');
  const download = async (kind) => {
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: `Download ${kind}` }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^lia-sentiment-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.(csv|json)$/);
    return readFile(await download.path(), 'utf8');
  };
  const [csv, json] = [await download('CSV'), await download('JSON')];
  expect(JSON.parse(json)).toEqual(shown);
  expect(csv.split('\r\n')[1]).toMatch(new RegExp(`^total,,,,${shown.messages},`));
});

test('a range that cannot be answered says why', async ({ admin: page, expected }) => {
  expected.push(/status of 422/);
  const response = await page.goto('/admin?from=2026-05-02&to=2026-05-01');
  expect(response.status()).toBe(422);
  await expect(page.getByRole('alert')).toContainText('This cannot be shown');
  await page.getByRole('link', { name: 'Show the last thirty days' }).click();
  await expect(page.getByRole('heading', { name: 'Over time' })).toBeVisible();
});

test('nobody else sees it', async ({ page, context, crowd, expected }) => {
  expected.push(/status of 403/);
  await page.goto('/admin');
  await expect(page, 'whoever is not signed in').toHaveURL(/\/login/);
  const other = await Client.register(crowd.lia.url);
  await signIn(context, crowd.lia.url, other.person);
  const response = await page.goto('/admin');
  expect(response.status()).toBe(403);
  await expect(page.getByRole('main')).toContainText('This page is for admins');
  await expect(page.getByRole('heading', { name: HEADING })).toBeHidden();
  for (const path of ['', '/export.csv', '/export.json']) {
    expect((await other.call('GET', `/api/v1/admin/sentiment${path}`)).status, path).toBe(403);
  }
});

test('the keyboard reaches everything', async ({ admin: page }) => {
  await page.goto('/admin');
  const places = () => {
    const all = [...document.querySelectorAll('main :is(a[href], button, input, select, summary, [tabindex="0"])')];
    return all.filter((node) => !node.closest('details:not([open]) > :not(summary)'));
  };
  const list = `(${places})()`;
  const wanted = await page.evaluate(`${list}.length`);
  expect(wanted).toBeGreaterThan(40);
  const seen = new Set();
  // A field for a day takes more than one press.
  for (let presses = 0; presses < wanted * 3 && seen.size < wanted; presses += 1) {
    await page.keyboard.press('Tab');
    seen.add(await page.evaluate(`${list}.indexOf(document.activeElement)`));
    seen.delete(-1);
  }
  expect(seen.size).toBe(wanted);
  await page.goto('/admin');
  // A point of the chart says what it is while it has the focus.
  await tabTo(page, (node) => node.matches('.chart-point'));
  await expect(page.locator('.chart-point:focus .chart-says')).toBeVisible();
  await page.goto('/admin?from=2026-01-01');
  // A chart of many points can be passed by.
  await tabTo(page, (node) => node.textContent === 'Skip the chart');
  await page.keyboard.press('Enter');
  await tabTo(page, (node) => node.matches('summary'));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Over time, as a table' })).toBeVisible();
});

for (const scheme of ['light', 'dark']) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing in the ${scheme} theme at ${width} pixels`, async ({ admin: page, expected }) => {
      expected.push(/status of 422/);
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      // Much, nothing, too few people, and what cannot be shown.
      for (const query of ['', '?from=2020-01-01&to=2020-01-31', '?method=nlp_api&provider=ollama', '?from=x']) {
        await page.goto(`/admin${query}`);
        await expect(page.getByRole('heading', { name: HEADING })).toBeVisible();
        expect(await remarks(page), query).toEqual([]);
        const scrolls = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(scrolls, `${query}: nothing is wider than the screen`).toBeLessThanOrEqual(0);
      }
    });
  }
}
