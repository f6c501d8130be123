// The conversation: stopping, long texts, Markdown, the model that was chosen, and failures.

import { expect, test } from '../support/test.js';
import { Client } from '../support/api.js';
import { signIn } from '../support/session.js';
import { Chat } from '../support/pages.js';

test('Stop ends the answer and keeps what was written', async ({ signedIn: page, account }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('one two three four five six seven', 'hold-5');
  await expect.poll(() => chat.text()).toBe('You said: one two three');
  await chat.stop.click();
  await chat.answered();
  const id = await chat.conversation();
  const newest = async () => (await account.get(`/api/v1/chat/conversation/${id}`)).messages.at(-1);
  await expect.poll(async () => (await newest()).status).toBe('stopped');
  expect((await newest()).content.trim()).toBe('You said: one two three');
  await expect(chat.answer).toContainText('You stopped this answer.');
  await page.reload();
  expect(await chat.text()).toBe('You said: one two three');
  await expect(chat.answer).toContainText('You stopped this answer.');
  await chat.awake();
  await chat.ask('Go on.', 'echo');
  await chat.answered();
  expect(await chat.text()).toBe('Go on.');
});

test('Enter sends, Shift+Enter breaks the line, and a blank message stays', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.composer.fill('   ');
  await expect(chat.send).toBeDisabled();
  await chat.composer.press('Enter');
  await expect(page).toHaveURL('/');
  await chat.pick('echo');
  const low = (await chat.composer.boundingBox()).height;
  await chat.composer.fill('first line');
  for (const line of ['second line', 'third line', 'fourth line']) {
    await chat.composer.press('Shift+Enter');
    await chat.composer.pressSequentially(line);
  }
  expect((await chat.composer.boundingBox()).height).toBeGreaterThan(low);
  await chat.composer.press('Enter');
  await expect(chat.questions.last()).toContainText('third line');
  await expect(chat.composer).toHaveValue('');
  await chat.answered();
  await expect(chat.answer).toContainText('second line');
});

test('words that are sent to a conversation on its way go when it has come', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('The first question', 'echo');
  await chat.answered();
  const id = await chat.conversation();
  await chat.open('/');
  await chat.awake();
  let arrive;
  const held = new Promise((resolve) => {
    arrive = resolve;
  });
  await page.route('**/fn/view_conversation*', async (route) => {
    await held;
    await route.continue();
  });
  await chat.entry('The first question').click();
  await expect(page).toHaveURL(`/c/${id}`);
  await chat.composer.fill('The second question');
  await chat.composer.press('Enter');
  await expect(chat.composer).toHaveValue('The second question');
  arrive();
  await expect(chat.questions.last()).toContainText('The second question');
  await expect(chat.composer).toHaveValue('');
  await chat.answered();
  await expect(chat.questions).toHaveCount(2);
});

test('what was typed and not sent is there after a reload', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.composer.fill('Not finished yet');
  await page.reload();
  await expect(chat.composer).toHaveValue('Not finished yet');
});

test('Markdown is rendered while it streams and the same afterwards', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('Show me what you can.', 'markdown');
  await expect(chat.answer.getByRole('heading', { name: 'Reading a file' })).toBeVisible();
  await chat.answered();
  await expect(chat.answer.getByRole('table')).toBeVisible();
  await expect(chat.answer.getByRole('list')).toBeVisible();
  await expect(chat.answer.locator('pre code')).toContainText('use std::io::BufRead;');
  const link = chat.answer.getByRole('link', { name: 'documentation' });
  await expect(link).toHaveAttribute('rel', /noopener/);
  const written = await chat.text();
  await page.reload();
  expect(await chat.text()).toBe(written);
  await chat.awake();
});

test('a provider that fails says so, and the message is kept', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('Will this work?', 'fault-401');
  await expect(chat.answer.getByRole('alert')).toBeVisible();
  await expect(chat.send).toBeVisible();
  await page.reload();
  await expect(chat.questions).toContainText('Will this work?');
  await expect(chat.answer.getByRole('alert')).toBeVisible();
});

test('an answer that breaks off goes on from what came', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('one two three four five six seven eight', 'fault-cut-after-5');
  await expect.poll(() => chat.text()).toBe('You said: one two three four five six seven eight');
  await chat.answered();
  await expect(chat.answer.getByText('resumed after an interruption')).toBeVisible();
  await expect(chat.answer.getByRole('alert')).toHaveCount(0);
});

test('without a provider Lia answers all the same', async ({ page, context, startLia }) => {
  const lia = await startLia({ provider: null });
  const client = await Client.register(lia.url);
  await signIn(context, lia.url, client.person);
  const chat = new Chat(page);
  await chat.open(`${lia.url}/`);
  await chat.composer.fill('I feel a little lost today.');
  await expect(chat.send).toBeEnabled();
  await chat.composer.press('Enter');
  await expect.poll(() => chat.text()).not.toBe('');
  await chat.answered();
});

test('a conversation that is not there, or not yours, is a page that says what to do', async ({ signedIn: page, lia, expected }) => {
  expected.push(/status of 404/);
  const other = await Client.register(lia.url);
  const foreign = await other.converse('Mine alone.', 'echo');
  for (const id of [foreign, '00000000-0000-7000-8000-000000000000', 'nonsense']) {
    const answer = await page.goto(`/c/${id}`);
    expect(answer.status()).toBe(404);
    await expect(page.getByRole('main')).not.toContainText('Mine alone.');
    await expect(page.getByRole('heading', { name: 'There is no such conversation' })).toBeVisible();
    await page.getByRole('link', { name: 'Start a new one' }).click();
    await expect(page).toHaveURL('/');
  }
});
