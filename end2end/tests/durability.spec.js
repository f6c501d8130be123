// An answer is never lost: not by a reload, not by a closed tab, not by the end of the program. The provider holds its
// answer in the middle, so that nothing here depends on how fast anything is.

import { expect, test } from '../support/test.js';
import { Client } from '../support/api.js';
import { signIn } from '../support/session.js';
import { Chat } from '../support/pages.js';

const QUESTION = 'one two three four five six seven eight nine ten';
const HELD = 'You said: one two three';
const WHOLE = `You said: ${QUESTION}`;

/** Asks the question and waits until the first half of its answer is on the page. */
async function askAndWait(chat) {
  await chat.ask(QUESTION, 'hold-5');
  await expect.poll(() => chat.text()).toBe(HELD);
  return chat.conversation();
}

async function newest(client, id) {
  return (await client.get(`/api/v1/chat/conversation/${id}`)).messages.at(-1);
}

/** The page notices that nobody answers: that is what some of these tests are about. */
const NOBODY_ANSWERS = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/;

const TOKENS = 400;
/** Milliseconds in which an answer of so many words has come to its end. */
const LONG = 45_000;

/** The numbers of the words in an answer of the model `tokens-N`: each once and in order where nothing was lost or doubled. */
function numbers(text) {
  return [...text.matchAll(/token(\d+)/g)].map(([, number]) => Number(number));
}

/**
 * Starts an answer of twenty words a second in a Lia of the test's own. `written` is what was there more than a second
 * before the page showed the last of it; text is saved four times a second, so it is saved.
 */
async function beginIn(lia, page, context) {
  const client = await Client.register(lia.url);
  await signIn(context, lia.url, client.person);
  const chat = new Chat(page);
  await chat.open(`${lia.url}/`);
  await chat.ask(QUESTION, `tokens-${TOKENS}+slow-20`);
  const id = await chat.conversation();
  await expect.poll(() => chat.text()).toContain('token5 ');
  const written = await chat.text();
  await expect.poll(() => chat.text()).toContain('token30 ');
  return { client, chat, id, written };
}

test('an answer goes on after the sudden end of the program', async ({ page, context, startLia, expected }) => {
  expected.push(NOBODY_ANSWERS);
  const lia = await startLia();
  const { client, chat, id, written } = await beginIn(lia, page, context);

  await lia.kill();
  await lia.startAgain();

  expect((await newest(client, id)).content.startsWith(written)).toBe(true);
  await page.goto(`${lia.url}/c/${id}`);
  await expect(chat.questions).toContainText(QUESTION);
  await expect.poll(async () => (await newest(client, id)).status, { timeout: LONG }).not.toBe('streaming');
  await chat.answered();
  const answer = await newest(client, id);
  expect(answer.status).toBe('complete');
  expect(numbers(answer.content)).toEqual(Array.from({ length: TOKENS }, (_, index) => index));
  expect(await chat.text()).toBe(answer.content.trim());

  await chat.ask('And now?', 'echo');
  await chat.answered();
  expect(await chat.text()).toBe('And now?');
});

test('a page that is open while the program ends and returns shows the answer to its end', async ({ page, context, startLia, expected }) => {
  expected.push(NOBODY_ANSWERS);
  const lia = await startLia();
  const { client, chat, id } = await beginIn(lia, page, context);
  await lia.kill();
  await lia.startAgain();
  await expect.poll(async () => (await newest(client, id)).status, { timeout: LONG }).toBe('complete');
  const answer = await newest(client, id);
  expect(numbers(answer.content)).toEqual(Array.from({ length: TOKENS }, (_, index) => index));
  await expect.poll(() => chat.text()).toBe(answer.content.trim());
  await expect(chat.send).toBeVisible();
});

test('a reload in the middle never shows less than before', async ({ signedIn: page, emulator, lia, context }) => {
  const chat = new Chat(page);
  await chat.open('/');
  const id = await askAndWait(chat);
  const html = await (await context.request.get(`${lia.url}/c/${id}`)).text();
  expect(html.replaceAll(/<[^>]*>/g, '')).toContain(HELD);

  // From the first frame of the reloaded page on, every state of the answer is written down.
  await page.addInitScript(() => {
    window.states = [];
    const look = () => {
      const answer = document.querySelector('.answer');
      if (answer) window.states.push(answer.textContent.trim());
      requestAnimationFrame(look);
    };
    look();
  });
  await page.reload();
  await expect(chat.stop).toBeVisible();
  await emulator.release();
  await chat.answered();
  expect(await chat.text()).toBe(WHOLE);
  const states = await page.evaluate(() => [...new Set(window.states)]);
  expect(states[0]).toBe(HELD);
  for (const [index, state] of states.entries()) {
    expect(WHOLE.startsWith(state), `state ${index}: ${state}`).toBe(true);
    expect(state.length).toBeGreaterThanOrEqual(states[Math.max(0, index - 1)].length);
  }
});

test('two tabs of one conversation end with the same text', async ({ signedIn: page, context, emulator }) => {
  const chat = new Chat(page);
  await chat.open('/');
  const id = await askAndWait(chat);
  const second = new Chat(await context.newPage());
  await second.page.goto(`/c/${id}`);
  await expect(second.stop).toBeVisible();
  expect(await second.text()).toBe(HELD);
  await emulator.release();
  for (const tab of [chat, second]) {
    await tab.answered();
    await expect.poll(() => tab.text()).toBe(WHOLE);
  }
});

test('a closed tab stops nothing', async ({ signedIn: page, account, emulator }) => {
  const chat = new Chat(page);
  await chat.open('/');
  const id = await askAndWait(chat);
  await page.goto('about:blank');
  await emulator.release();
  await expect.poll(async () => (await newest(account, id)).status).toBe('complete');
  expect((await newest(account, id)).content).toBe(WHOLE);
});

test('while one conversation is being answered, another can be read', async ({ signedIn: page, account, emulator }) => {
  await account.converse('The earlier one', 'echo');
  const chat = new Chat(page);
  await chat.open('/');
  await askAndWait(chat);
  await chat.entry('The earlier one').click();
  await expect(chat.answer).toContainText('The earlier one');
  await expect(chat.send).toBeVisible();
  await emulator.release();
  await chat.entry(QUESTION).click();
  await expect.poll(() => chat.text()).toBe(WHOLE);
  await chat.answered();
});
