// A model may write anything. It is shown, and does nothing.

import { expect, test } from '../support/test.js';
import { Chat } from '../support/pages.js';

/** What is sent, and the text of it that must be readable. */
const ATTACKS = [
  ['<script>window.attacked = "script"</script>'],
  ['<img src="/nothing" onerror="window.attacked = \'onerror\'">'],
  ['<svg onload="window.attacked = \'svg\'"></svg>'],
  ['<iframe srcdoc="<script>parent.attacked = 1</script>"></iframe>'],
  ['[a link](javascript:window.attacked=1)', 'a link'],
  ['[another](data:text/html,<script>opener.attacked=1</script>)', 'another'],
  ['![a picture](https://tracker.example/pixel.png)', 'a picture'],
  ['<div style="position:fixed;inset:0">', 'position:fixed'],
];

for (const [attack, text = attack] of ATTACKS) {
  test(`only text: ${attack.slice(0, 40)}`, async ({ signedIn: page }) => {
    const foreign = watchForeign(page);
    const chat = new Chat(page);
    await chat.open('/');
    await chat.pick('echo');
    await chat.composer.fill(`Before. ${attack} After.`);
    await expect(chat.send).toBeEnabled();
    await chat.composer.press('Enter');
    await expect(chat.answer).toContainText('After.');
    await chat.answered();
    await expect(chat.answer).toContainText(text);
    await expectHarmless(page, chat);
    // The finished message comes as HTML of the server: that is another path through the renderer.
    await page.reload();
    await expect(chat.answer).toContainText(text);
    await expectHarmless(page, chat);
    expect(foreign).toEqual([]);
  });
}

test('an answer full of markup stays text', async ({ signedIn: page }) => {
  const foreign = watchForeign(page);
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('Do your worst.', 'hostile');
  await chat.answered();
  await expect(chat.answer).toContainText("<script>document.title = 'owned'</script>");
  await expect(page).not.toHaveTitle(/owned/);
  await expectHarmless(page, chat);
  expect(foreign).toEqual([]);
});

test('a line of two megabytes is shown and the page stays usable', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('A very long line, please.', 'long-line');
  await chat.answered();
  await expect.poll(async () => (await chat.answer.textContent()).length).toBeGreaterThan(1_999_999);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  await chat.ask('Still there?', 'echo');
  await chat.answered();
  expect(await chat.text()).toBe('Still there?');
});

/** Collects requests that leave for another site. */
function watchForeign(page) {
  const foreign = [];
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1') foreign.push(request.url());
  });
  return foreign;
}

async function expectHarmless(page, chat) {
  expect(await page.evaluate(() => window.attacked)).toBeUndefined();
  const message = chat.answer;
  await expect(message.locator('script, iframe, svg[onload], [onerror], [onclick], [style]')).toHaveCount(0);
  await expect(message.locator('a[href^="javascript:"], a[href^="data:"], img[src^="http"]')).toHaveCount(0);
}
