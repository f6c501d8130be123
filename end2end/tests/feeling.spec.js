// What shows how somebody feels, for everybody: axe at any impact, the keyboard, and from a reading to its message and back,
// wherever that message is.

import { remarks } from '../support/access.js';
import { Chat } from '../support/pages.js';
import { expect, test } from '../support/test.js';

const WORDS = [
  'I hate this awful, terrible mess.',
  'The meeting is on Tuesday at three.',
  'I am so worried about tomorrow, what if it all goes wrong?',
  'Well.',
  'Thank you so much, that helped me a lot!',
  'I love this, it is wonderful!',
];

/** A conversation of so many questions. */
async function talk(account, count) {
  let id = null;
  for (let at = 0; at < count; at += 1) id = await account.converse(`${WORDS[at % WORDS.length]} (${at + 1})`, 'echo', id);
  return id;
}

/** Opens the inspector of the conversation that is shown. */
async function inspect(page, points) {
  await page.getByRole('link', { name: /^The conversation reads as / }).click();
  const panel = page.getByRole('complementary', { name: 'How it reads' });
  await expect(panel.locator('.point')).toHaveCount(points);
  return panel;
}

for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    test(`axe finds nothing at ${width} pixels in the ${colorScheme} theme`, async ({ signedIn: page, account }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      const found = {};
      const look = async (name) => {
        found[name] = await remarks(page);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wider > 0) found[name].push(`${wider} pixels wider than the screen`);
      };
      const id = await talk(account, WORDS.length);
      const chat = new Chat(page);
      await page.goto(`/c/${id}/mood`);
      await look('the page of readings');
      await page.goto('/settings');
      await expect(page.getByRole('group', { name: 'Who reads your messages' })).toBeVisible();
      await look('settings');
      await chat.open(`/c/${id}`);
      await look('marks');
      await chat.composer.fill('I love the beginning and hate the terrible end');
      const draft = page.getByRole('group', { name: 'How your draft reads' });
      await draft.getByText('Why').click();
      await expect(draft.locator('u').first()).toBeVisible();
      await look('a draft with its words');
      const panel = await inspect(page, WORDS.length);
      await look('the inspector');
      await panel.getByRole('link', { name: /^“I hate/ }).focus();
      await look('the inspector with a point that has the focus');
      await panel.getByRole('button', { name: 'I was joking' }).last().click();
      await expect(panel.getByRole('row').filter({ hasText: WORDS[0] })).toContainText('amusement');
      await look('the inspector with a correction');
      expect(Object.fromEntries(Object.entries(found).filter(([, remarks]) => remarks.length))).toEqual({});
    });
  }
}

test('the keyboard reaches every point, message, correction and method of the inspector', async ({ signedIn: page, account }) => {
  const id = await talk(account, 3);
  const chat = new Chat(page);
  await chat.open(`/c/${id}`);
  await page.getByRole('link', { name: /^The conversation reads as / }).focus();
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary', { name: 'How it reads' });
  await expect(panel.locator('.point')).toHaveCount(3);
  // A group of radio buttons is one stop; the arrows go on from there.
  const places = () => [...document.querySelectorAll('#inspector :is(a[href], button, input:checked)')];
  const wanted = await page.evaluate(`(${places})().length`);
  expect(wanted).toBeGreaterThan(3 + 3 + 3 * 3);
  const seen = new Set();
  for (let presses = 0; presses <= wanted; presses += 1) {
    await page.keyboard.press('Tab');
    seen.add(await page.evaluate(`(${places})().indexOf(document.activeElement)`));
  }
  seen.delete(-1);
  expect(seen.size).toBe(wanted);
  await panel.getByRole('radio', { name: 'On this server' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(panel.getByRole('radio', { name: 'With the answer' })).toBeChecked();
});

test('a reading leads to a message that is not on the page yet, and back', async ({ signedIn: page, account }) => {
  // A page of a conversation is fifty messages.
  const id = await talk(account, 40);
  const chat = new Chat(page);
  await chat.open(`/c/${id}`);
  const first = chat.questions.filter({ hasText: '(1)' });
  await expect(first).toHaveCount(0);
  const panel = await inspect(page, 40);
  const point = panel.locator('.point').first();
  await point.click();
  await expect(first).toHaveClass(/pointed/);
  await expect(first).toBeInViewport();
  await expect(first.getByRole('link', { name: /^Reads as / })).toBeFocused();
  await page.keyboard.press('Enter');
  const back = panel.getByRole('link', { name: `${WORDS[0]} (1)`, exact: true });
  await expect(back).toBeFocused();
  await expect(back).toBeInViewport();
  // And to the newest again, which is at the other end of the page.
  await panel.locator('.point').last().focus();
  await page.keyboard.press('Enter');
  await expect(chat.questions.last()).toBeInViewport();
});

for (const [width, height] of [[390, 844], [1000, 800]]) {
  test(`at ${width} pixels a reading leads to its message, out of the way, and back`, async ({ signedIn: page, account }) => {
    await page.setViewportSize({ width, height });
    const id = await talk(account, WORDS.length);
    const chat = new Chat(page);
    await chat.open(`/c/${id}`);
    const panel = await inspect(page, WORDS.length);
    const isSeen = (element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    };
    // The last message stands low, where the panel is on a phone; the others are scrolled to, from below and from above.
    for (const at of [WORDS.length, 1, 4]) {
      const words = `${WORDS[at - 1]} (${at})`;
      await panel.getByRole('link', { name: words, exact: true }).click();
      const message = chat.questions.filter({ hasText: words });
      await expect(message).toHaveClass(/pointed/);
      await expect(panel).toBeHidden();
      const mark = message.getByRole('link', { name: /^Reads as / });
      await expect(mark).toBeFocused();
      expect(await message.locator('.bubble').evaluate(isSeen)).toBe(true);
      expect(await mark.evaluate(isSeen)).toBe(true);
      await page.keyboard.press('Enter');
      await expect(panel).toBeVisible();
      const back = panel.getByRole('link', { name: words, exact: true });
      await expect(back).toBeFocused();
      expect(await back.evaluate(isSeen)).toBe(true);
    }
  });
}

test('on a phone the words of the chart are as large as others, and its points wide enough for a finger', async ({ signedIn: page, account }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const id = await talk(account, WORDS.length);
  await page.goto(`/c/${id}/mood`);
  const chart = page.getByRole('group', { name: 'From message to message' });
  const box = await chart.boundingBox();
  expect(box.height).toBe(200);
  for (const point of await chart.locator('.point .hit').all()) {
    const { width, height } = await point.boundingBox();
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(24);
  }
  const point = chart.locator('.point').first();
  await point.focus();
  const says = await chart.locator('.point:focus + .says p').boundingBox();
  expect(says.height).toBe(20);
  expect(says.x + says.width).toBeLessThanOrEqual(390);
  const scale = page.locator('.trend-scale');
  await expect(scale).toHaveText('+10−1');
  expect((await scale.boundingBox()).height).toBe(200);
});

test('a message is marked before its answer has begun, and after a reload in the middle of it', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask(WORDS[0], 'hold-5');
  const mark = chat.questions.last().getByRole('link', { name: /^Reads as negative/ });
  await expect(mark).toBeVisible();
  await expect(chat.stop).toBeVisible();
  await page.reload();
  await expect(mark).toBeVisible();
  await expect(page.getByRole('link', { name: /^The conversation reads as negative/ })).toBeVisible();
  await chat.stop.click();
  await chat.answered();
  await expect(mark).toBeVisible();
});

test('who reads is chosen in the settings, for all conversations', async ({ signedIn: page, account }) => {
  await page.goto('/settings');
  const readers = page.getByRole('group', { name: 'Who reads your messages' });
  const own = readers.getByRole('radio', { name: 'As this Lia does' });
  await expect(own).toBeChecked();
  await expect(own).toHaveAccessibleDescription(/now “On this server”/);
  await expect(readers.getByRole('radio', { name: 'Google Natural Language' })).toBeDisabled();
  await expect(readers.getByRole('radio', { name: 'Google Natural Language' })).toHaveAccessibleDescription(/Not set up here/);
  const chosen = async () => (await account.get('/api/v1/preferences')).sentiment_method;
  await readers.getByRole('radio', { name: 'A call of its own' }).check();
  await expect(page.getByText('Saved. It holds from your next message on.')).toBeVisible();
  expect(await chosen()).toBe('llm_separate');
  await page.reload();
  await expect(readers.getByRole('radio', { name: 'A call of its own' })).toBeChecked();
  await own.check();
  await expect(page.getByText('Saved. It holds from your next message on.')).toBeVisible();
  expect(await chosen()).toBeUndefined();
});
