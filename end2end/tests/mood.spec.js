// How messages and the conversation read: the marks beside the words.

import { expect, test } from '../support/test.js';
import { serious } from '../support/access.js';
import { Chat } from '../support/pages.js';

const JOY = 'I love this, it is wonderful!';
const ANGER = 'I hate this awful, terrible mess.';

test('each message gets a mark while its answer is written, and keeps it', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask(ANGER, 'markdown');
  await chat.answered();
  const mark = (question) => question.getByRole('link', { name: /^Reads as / });
  await expect(mark(chat.questions.last())).toHaveAccessibleName(/^Reads as negative \(−\d\.\d\d\), .*Read by this server$/);
  await chat.ask(JOY, 'markdown');
  await chat.answered();
  await expect(mark(chat.questions.last())).toHaveAccessibleName(/^Reads as positive \(\+\d\.\d\d\), .*Read by this server$/);
  await expect(mark(chat.questions.last())).toHaveAttribute('title', /^Reads as positive/);
  const whole = page.getByRole('link', { name: /^The conversation reads as / });
  await expect(whole).toBeVisible();
  const [live, path] = [await whole.getAttribute('aria-label'), await whole.locator('.spark path').last().getAttribute('d')];
  expect(path.match(/\d+ \d+/g)).toHaveLength(2);

  // The same after loading the page, before any script has run.
  await page.reload();
  await expect(whole).toHaveAccessibleName(live);
  await expect(whole.locator('.spark path').last()).toHaveAttribute('d', path);
  await expect(page.getByRole('link', { name: /^Reads as / })).toHaveCount(2);
  await chat.awake();
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    expect(await serious(page)).toEqual([]);
  }
});
