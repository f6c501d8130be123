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

/** A conversation that turns, and its inspector, open. */
async function inspect(page, account) {
  let id = null;
  for (const words of [ANGER, 'The meeting is on Tuesday at three.', JOY]) id = await account.converse(words, 'echo', id);
  const chat = new Chat(page);
  await chat.open(`/c/${id}`);
  await page.getByRole('link', { name: /^The conversation reads as / }).click();
  const panel = page.getByRole('complementary', { name: 'How it reads' });
  await expect(panel.locator('.point')).toHaveCount(3);
  return { chat, panel, id };
}

test('the inspector leads to the messages and back, keeps up, and is corrected with one tap', async ({ signedIn: page, account }) => {
  const { chat, panel } = await inspect(page, account);
  await expect(panel).toContainText('read as negative in the beginning and reads as positive lately');
  await expect(panel).toContainText('A tick marks a turning point');
  await expect(panel.getByRole('link', { name: /^“I love .*\. A turning point$/ })).toHaveCount(1);
  await expect(panel.getByRole('row', { name: /I love .*, a turning point/ })).toHaveCount(1);

  // To the message, and from its mark back.
  const point = panel.getByRole('link', { name: new RegExp(`^“${ANGER}”`) });
  await point.focus();
  await expect(point.locator('+ .says')).toBeVisible();
  await page.keyboard.press('Enter');
  const first = chat.questions.first();
  await expect(first.getByRole('link', { name: /^Reads as negative/ })).toBeFocused();
  await expect(first).toHaveClass(/pointed/);
  await page.keyboard.press('Enter');
  await expect(panel.getByRole('link', { name: ANGER, exact: true })).toBeFocused();

  // A new message is in it when it has been read.
  await chat.ask('This is really great, thanks!', 'echo');
  await expect(panel.locator('.point')).toHaveCount(4);

  // What was a joke is none of the mood any more.
  const row = panel.getByRole('row').filter({ hasText: ANGER });
  await expect(row).toContainText('−');
  await panel.getByRole('row').filter({ has: page.getByRole('button', { name: 'I was joking' }) }).last()
    .getByRole('button', { name: 'I was joking' }).click();
  await expect(row).toContainText('amusement');
  await expect(first.getByRole('link', { name: /Corrected by you$/ })).toBeVisible();

  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  await expect(page.getByRole('link', { name: /^The conversation reads as / })).toBeFocused();
});

test('who reads is chosen for this conversation and no other, or for all', async ({ signedIn: page, account, lia }) => {
  const elsewhere = 'Good morning, is the tea ready?';
  await account.converse(elsewhere, 'echo');
  const { chat, panel } = await inspect(page, account);
  const asked = async (path, ask) => {
    const sent = page.waitForRequest((request) => request.url().endsWith(path));
    await ask();
    await chat.answered();
    return (await sent).postDataJSON().request.sentiment_method;
  };
  const own = panel.getByRole('radio', { name: 'A call of its own' });
  await expect(panel.getByRole('radio', { name: 'On this server' })).toBeChecked();
  await expect(panel.getByRole('radio', { name: 'Google Natural Language' })).toBeDisabled();
  await own.check();
  expect(await asked('/fn/start_run', () => chat.ask('And now?', 'echo'))).toBe('llm_separate');
  const edit = async () => {
    await chat.questions.last().hover();
    await chat.questions.last().getByRole('button', { name: 'Edit', exact: true }).click();
    await page.getByRole('textbox', { name: 'Your message' }).fill('And later?');
    await page.getByRole('button', { name: 'Save and ask' }).click();
    await expect(chat.questions.last()).toContainText('And later?');
  };
  expect(await asked('/fn/edit_message', edit), 'the words of a question that is edited, too').toBe('llm_separate');

  // Another conversation's words go to nobody who was not chosen for them; nor do these, after coming back.
  for (const [title, words] of [[elsewhere, 'One cup, please.'], [ANGER, 'Here I am again.']]) {
    await chat.entry(title).click();
    await expect(chat.questions.first()).toContainText(title);
    await expect(panel.getByRole('radio', { name: 'On this server' })).toBeChecked();
    expect(await asked('/fn/start_run', () => chat.ask(words, 'echo'))).toBeUndefined();
  }

  await own.check();
  const saved = page.waitForResponse((response) => response.url().endsWith('/fn/save_preferences'));
  await panel.getByRole('button', { name: 'Use it in all conversations' }).click();
  expect((await saved).ok()).toBe(true);
  await page.goto(`${lia.url}/`);
  await chat.awake();
  await chat.entry(ANGER).click();
  await page.getByRole('link', { name: /^The conversation reads as / }).click();
  await expect(own).toBeChecked();
});

test('an older answer does not come over a newer one', async ({ signedIn: page, account }) => {
  const { panel, chat } = await inspect(page, account);
  await panel.getByRole('button', { name: 'Close' }).click();
  const held = [];
  await page.route('**/mood?panel', (route) => (held.length ? route.continue() : held.push(route)));
  await chat.questions.first().getByRole('link', { name: /^Reads as / }).click();
  await expect.poll(() => held.length).toBe(1);
  // What is read meanwhile is asked for, too, and comes first.
  // What was asked for is pointed at all the same, until the panel comes up once more.
  const pointed = page.waitForFunction((words) => document.querySelector('#inspector .pointed')?.textContent.includes(words), ANGER);
  await chat.ask('This is really great, thanks!', 'echo');
  await expect(panel.locator('.point')).toHaveCount(4);
  await pointed;
  const late = page.waitForResponse('**/mood?panel');
  await held[0].fulfill({ body: '<main>Old</main>' });
  await (await late).finished();
  await page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume))));
  await expect(panel.locator('.point')).toHaveCount(4);
});

for (const [width, height] of [[1440, 900], [390, 844]]) {
  test(`the inspector at ${width} pixels: nothing for axe, nothing wider than the screen`, async ({ signedIn: page, account }) => {
    await page.setViewportSize({ width, height });
    const { panel } = await inspect(page, account);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      expect(await serious(page)).toEqual([]);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await panel.getByRole('button', { name: 'Close' }).click();
    await expect(panel).toBeHidden();
  });
}

test('a draft is read on the device, says which words did it, and is off for good with one click', async ({ signedIn: page, lia }) => {
  const requests = [];
  page.on('request', (request) => {
    requests.push(`${request.method()} ${new URL(request.url()).pathname} ${request.postData() ?? ''}`);
  });
  // What reads it, and the list of conversations, which is read whenever the page begins to listen.
  const isExpected = /^GET \/pkg\/[\w.-]+\.wasm |^POST \/fn\/renew_list (?!.*(?:love|hate|terrible))/;
  const chat = new Chat(page);
  await page.goto('/');
  await expect(page.getByRole('button', { name: /^Read my words while I type/ })).toHaveAttribute('aria-pressed', 'true');
  await chat.awake();
  requests.length = 0;
  const draft = page.getByRole('group', { name: 'How your draft reads' });
  await chat.composer.pressSequentially('I love the beginning and hate the terrible end');
  await expect(draft).toContainText(/Reads as |Not clear enough/);
  // The keyboard gets there too.
  const isAtWhy = () => page.evaluate(() => document.activeElement?.tagName === 'SUMMARY' && document.activeElement.textContent === 'Why');
  for (let presses = 0; presses < 12 && !(await isAtWhy()); presses += 1) {
    await page.keyboard.press('Shift+Tab');
  }
  await page.keyboard.press('Enter');
  await expect(draft.locator('u.positive').first()).toHaveText(/love/);
  await expect(draft.locator('u.negative').first()).toHaveText(/hate/);
  expect(requests.filter((request) => !isExpected.test(request)), 'nothing is sent').toEqual([]);
  expect(await serious(page)).toEqual([]);

  await page.getByRole('button', { name: /^Read my words while I type/ }).click();
  await expect(draft).toBeHidden();
  await page.goto(`${lia.url}/`);
  requests.length = 0;
  await chat.composer.fill('And this is wonderful, too');
  await expect(chat.send).toBeEnabled();
  await chat.composer.press('Enter');
  await chat.answered();
  await expect(draft).toBeHidden();
  expect(requests.filter((request) => request.includes('draft'))).toEqual([]);
});

for (const [what, away, again] of [
  ['sent', async (chat) => { await chat.composer.press('Enter'); await chat.answered(); }, async () => {}],
  ['switched off', (chat, button) => button.click(), (chat, button) => button.click()],
]) {
  test(`a draft that was ${what} before the code had come is not read`, async ({ signedIn: page }) => {
    const chat = new Chat(page);
    let release;
    const released = new Promise((resume) => (release = resume));
    let isAsked = false;
    await page.route(/\/pkg\/split_draft[^/]*\.wasm$/, async (route) => {
      isAsked = true;
      await released;
      await route.continue();
    });
    await page.goto('/');
    // Whatever is shown there, and be it for a moment.
    await page.evaluate(() => {
      window.shown = [];
      const area = document.getElementById('draft-reading');
      new MutationObserver(() => window.shown.push(area.textContent)).observe(area, { childList: true, subtree: true });
    });
    const button = page.getByRole('button', { name: /^Read my words while I type/ });
    await chat.composer.fill(ANGER);
    await expect.poll(() => isAsked).toBe(true);
    await away(chat, button);
    release();
    // What is typed now is read by the same code, after what was typed before.
    await chat.composer.fill(JOY);
    await again(chat, button);
    await expect(page.getByRole('group', { name: 'How your draft reads' })).toContainText('Reads as positive');
    expect(await page.evaluate(() => window.shown.filter((text) => text.includes('negative')))).toEqual([]);
  });
}
