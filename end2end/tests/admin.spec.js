// The dashboard: what an admin sees of everybody, and that nobody else sees it.

import { readFile } from 'node:fs/promises';
import { remarks, tabTo } from '../support/access.js';
import { Client } from '../support/api.js';
import { Lia } from '../support/program.js';
import { signIn } from '../support/session.js';
import { expect, test as base } from '../support/test.js';

const HEADING = 'How people feel';
const CHART = 'Mean score and number of messages over time';

/** Until the page has come to life. */
async function open(page, path = '/admin') {
  await page.goto(path);
  await expect(page.getByRole('button', { name: 'Refresh' })).toBeVisible();
}

/** The field of this name. */
const field = (page, name) => page.getByLabel(name, { exact: true });

/** Where the page says how many messages it is about. */
const told = (page) => page.getByText('Messages read').locator('..');

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
  await expect(told(page)).toContainText(shown.messages.toLocaleString('en-GB'));
  await expect(page.getByRole('slider', { name: CHART })).toBeVisible();
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

test('a choice counts at once, is the address, and outlasts a reload', async ({ admin: page, crowd }) => {
  const loads = [];
  await open(page);
  page.on('load', () => loads.push(page.url()));
  const agrees = async () => {
    const shown = await crowd.admin.get(`/api/v1/admin/sentiment${new URL(page.url()).search}`);
    await expect(told(page)).toContainText(shown.messages.toLocaleString('en-GB'));
  };
  await field(page, 'By').selectOption('Week');
  await expect(page).toHaveURL(/step=week/);
  await field(page, 'Provider').selectOption('openai');
  await expect(page).toHaveURL(/step=week&provider=openai/);
  // A model can be chosen once its provider is.
  await field(page, 'Model').focus();
  await field(page, 'Model').selectOption('gpt-5.2');
  await expect(page).toHaveURL(/model=gpt-5\.2/);
  await expect(field(page, 'Model')).toBeFocused();
  await field(page, 'Read by').selectOption('On this server');
  await expect(page).toHaveURL(/model=gpt-5\.2&method=local/);
  await agrees();
  // Weeks are whole, and the fields say so.
  await field(page, 'From').fill('2026-01-07');
  await expect(page).toHaveURL(/from=2026-01-05/);
  await expect(field(page, 'From')).toHaveValue('2026-01-05');
  await agrees();

  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL(/model=gpt-5\.2$/);
  await expect(field(page, 'Read by')).toHaveValue('');
  await agrees();
  await page.goForward();
  await expect(field(page, 'Read by')).toHaveValue('local');
  // With its provider the model goes, too.
  await field(page, 'Provider').selectOption('All providers');
  await expect(page).not.toHaveURL(/provider/);
  await expect(field(page, 'Model')).toBeHidden();
  await page.goBack();
  await expect(field(page, 'Model')).toHaveValue('gpt-5.2');
  await agrees();
  expect(loads).toEqual([]);

  await page.reload();
  await agrees();
  for (const [name, value] of [['By', 'week'], ['Provider', 'openai'], ['Model', 'gpt-5.2'], ['Read by', 'local']]) {
    await expect(field(page, name)).toHaveValue(value);
  }
  await page.getByRole('link', { name: 'Clear' }).click();
  await expect(field(page, 'Provider')).toHaveValue('');
  await expect(field(page, 'By')).toHaveValue('day');
});

test('what is chosen before the page has come to life counts, too', async ({ admin: page }) => {
  let release = null;
  const held = new Promise((resume) => (release = resume));
  await page.route('**/*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/admin', { waitUntil: 'commit' });
  await field(page, 'By').selectOption('Week');
  await expect(page.getByRole('button', { name: 'Show' })).toBeVisible();
  release();
  await expect(page).toHaveURL(/step=week/);
  await expect(field(page, 'By')).toHaveValue('week');
});

test('the old numbers stay until the newest choice is answered', async ({ admin: page, expected }) => {
  expected.push(/ERR_FAILED|status of 422/);
  await open(page);
  const before = await told(page).textContent();
  const numbers = page.locator('.admin-numbers');
  let release = null;
  const held = new Promise((resume) => (release = resume));
  await page.route('**/fn/insights', async (route) => {
    if (route.request().postData().includes('"week"')) await held;
    await route.continue();
  });
  await field(page, 'By').selectOption('Week');
  await expect(numbers).toHaveAttribute('aria-busy', 'true');
  expect(await told(page).textContent()).toBe(before);
  await field(page, 'By').selectOption('Month');
  await expect(page).toHaveURL(/step=month/);
  await expect(numbers).not.toHaveAttribute('aria-busy');
  const late = page.waitForResponse('**/fn/insights');
  release();
  await (await late).finished();
  await page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume))));
  await expect(page).toHaveURL(/step=month/);
  await expect(field(page, 'By')).toHaveValue('month');

  const now = await told(page).textContent();
  await page.unroute('**/fn/insights');
  await page.route('**/fn/insights', (route) => route.abort());
  await field(page, 'Read by').selectOption('On this server');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Lia could not be reached');
  await expect(alert.getByRole('link', { name: 'Try again' })).toHaveAttribute('href', /step=month&method=local$/);
  expect(await told(page).textContent()).toBe(now);
  await expect(page).not.toHaveURL(/method/);
  expect(await remarks(page)).toEqual([]);
  await page.unroute('**/fn/insights');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await expect(page).toHaveURL(/method=local/);
  await expect(alert).toBeHidden();
  await field(page, 'To').fill('2020-01-01');
  await expect(alert).toContainText('Must not be after the last day');
  await expect(page).toHaveURL(/method=local/);
});

test('the chart is one stop of the keyboard, and is read step by step', async ({ admin: page, crowd }) => {
  await open(page, '/admin?from=2026-01-01&step=day');
  const { over_time: points } = await crowd.admin.get('/api/v1/admin/sentiment?from=2026-01-01&step=day');
  const chart = page.getByRole('slider', { name: CHART });
  const read = page.locator('.chart-at');
  const says = async (place) => {
    const day = new Date(points.at(place).starts_on);
    const name = `${day.getUTCDate()} ${day.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })} ${day.getUTCFullYear()}`;
    await expect(read.locator('.chart-when')).toHaveText(name);
    await expect(chart).toHaveAttribute('aria-valuetext', `${name}: ${await read.locator('.chart-says').textContent()}`);
  };
  await expect(read).toHaveCount(0);
  await tabTo(page, (node) => node.matches('.chart-plot'));
  await says(-1);
  await page.keyboard.press('ArrowLeft');
  await says(-2);
  await page.keyboard.press('Home');
  await says(0);
  await page.keyboard.press('ArrowRight');
  await says(1);
  await page.keyboard.press('End');
  await says(-1);
  expect(await remarks(page)).toEqual([]);
  await page.keyboard.press('Tab');
  await expect(page.getByText('The same as a table')).toBeFocused();
  await expect(read).toHaveCount(0);

  const { x, y, width } = await chart.boundingBox();
  const step = width / points.length;
  await page.mouse.move(x + 9.5 * step, y + 50);
  await says(9);
  await page.mouse.move(x + width - 1, y + 200);
  await says(-1);
  await page.mouse.move(x, y - 200);
  await expect(read).toHaveCount(0);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the filters are a form, and the chart has titles', async ({ admin: page, crowd }) => {
    await page.goto('/admin');
    await field(page, 'By').selectOption('Week');
    await field(page, 'Provider').selectOption('openai');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page).toHaveURL(/step=week&provider=openai/);
    await field(page, 'Model').selectOption('gpt-5.2');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page).toHaveURL(/model=gpt-5\.2/);
    const shown = await crowd.admin.get(`/api/v1/admin/sentiment${new URL(page.url()).search}`);
    await expect(told(page)).toContainText(shown.messages.toLocaleString('en-GB'));
    await expect(page.getByRole('img', { name: CHART })).toBeVisible();
    await expect(page.locator('.chart-point title')).toHaveCount(shown.over_time.length);
    await page.getByText('The same as a table').click();
    await expect(page.getByRole('region', { name: 'Over time, as a table' })).toBeVisible();
  });
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
  await open(page);
  const places = () => {
    const all = [...document.querySelectorAll('main :is(a[href], button, input, select, summary, [tabindex="0"])')];
    return all.filter((node) => !node.closest('details:not([open]) > :not(summary)'));
  };
  const list = `(${places})()`;
  const wanted = await page.evaluate(`${list}.length`);
  expect(wanted).toBeGreaterThan(20);
  const seen = new Set();
  // A field for a day takes more than one press.
  for (let presses = 0; presses < wanted * 3 && seen.size < wanted; presses += 1) {
    await page.keyboard.press('Tab');
    seen.add(await page.evaluate(`${list}.indexOf(document.activeElement)`));
    seen.delete(-1);
  }
  expect(seen.size).toBe(wanted);
  await open(page);
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
        await (query === '?from=x' ? page.goto(`/admin${query}`) : open(page, `/admin${query}`));
        await expect(page.getByRole('heading', { name: HEADING })).toBeVisible();
        expect(await remarks(page), query).toEqual([]);
        const scrolls = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(scrolls, `${query}: nothing is wider than the screen`).toBeLessThanOrEqual(0);
      }
    });
  }
}
