// The tree behind a conversation: other answers, edited questions, the way between versions, the rest of an answer, deleting,
// and taking a branch along. Every change is there after a reload.

import { serious } from '../support/access.js';
import { expect, test } from '../support/test.js';
import { Chat } from '../support/pages.js';

/** A conversation of one question, whose answer has come. */
async function begin(page, question, model = 'echo') {
  const chat = new Chat(page);
  await chat.open();
  await chat.ask(question, model);
  await chat.answered();
  return chat;
}

/** A button at a message. */
async function tool(message, name) {
  await message.hover();
  return message.getByRole('button', { name, exact: true });
}

async function press(message, name) {
  await (await tool(message, name)).click();
}

/** The page after a reload, in the middle of whatever goes on. */
async function reload(chat) {
  await chat.page.reload();
  await chat.awake();
}

test('another answer stands beside the first, and both are a click away', async ({ signedIn: page }) => {
  const chat = await begin(page, 'Say it again.');
  await chat.pick('tokens-100');
  await press(chat.answer, 'Another answer');
  await expect(chat.answer).toContainText('token99');
  await chat.answered();
  await expect(chat.answer.getByText('2/2')).toBeVisible();
  await expect(chat.answers).toHaveCount(1);
  await expect(await tool(chat.answer, 'Next version')).toBeDisabled();

  // By keyboard there and back, and the focus stays at the way.
  await (await tool(chat.answer, 'Previous version')).focus();
  await page.keyboard.press('Enter');
  await expect(chat.answer.getByText('1/2')).toBeVisible();
  await expect.poll(() => chat.text()).toBe('Say it again.');
  await expect(chat.answer.getByRole('button', { name: 'Next version' })).toBeFocused();
  await reload(chat);
  await expect(chat.answer.getByText('1/2')).toBeVisible();
  await press(chat.answer, 'Next version');
  await expect(chat.answer.getByText('2/2')).toBeVisible();
  await expect(chat.answer).toContainText('token99');
});

test('a reload in the middle of another answer shows it going on', async ({ signedIn: page, emulator }) => {
  const chat = await begin(page, 'one two three four five six');
  await chat.pick('hold-5');
  await press(chat.answer, 'Another answer');
  await expect.poll(() => chat.text()).toBe('You said: one two three');
  await expect(chat.answer.getByText('2/2')).toBeHidden();
  await page.reload();
  await expect.poll(() => chat.text()).toBe('You said: one two three');
  await emulator.release();
  await chat.answered();
  expect(await chat.text()).toBe('You said: one two three four five six');
  await expect(chat.answer.getByText('2/2')).toBeVisible();
});

test('an edited question is a branch of its own, and the first one stays', async ({ signedIn: page }) => {
  const chat = await begin(page, 'first question');
  await chat.ask('second question', 'echo');
  await chat.answered();
  const question = chat.questions.first();
  await press(question, 'Edit');
  const field = page.getByRole('textbox', { name: 'Your message' });
  await expect(field).toHaveValue('first question');
  await expect(field).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(field).toBeHidden();
  await expect(question).toContainText('first question');

  await press(question, 'Edit');
  await field.fill('edited question');
  await page.keyboard.press('Control+Enter');
  await chat.answered();
  await expect(chat.questions).toHaveCount(1);
  await expect(chat.questions).toContainText('edited question');
  await expect.poll(() => chat.text()).toBe('edited question');
  await expect(chat.questions.getByText('2/2')).toBeVisible();
  await reload(chat);
  await expect(chat.questions).toContainText('edited question');
  await press(chat.questions.first(), 'Previous version');
  await expect(chat.questions).toHaveCount(2);
  await expect(chat.questions.first()).toContainText('first question');
  await expect(chat.questions.last()).toContainText('second question');
});

test('what two tabs make of a question is two versions, and no words are lost', async ({ signedIn: page, context, emulator }) => {
  const chat = await begin(page, 'one two three four five six');
  const other = new Chat(await context.newPage());
  await other.open(`/c/${await chat.conversation()}`);
  await press(other.questions.first(), 'Edit');
  const field = other.page.getByRole('textbox', { name: 'Your message' });
  await field.fill('mine');

  await chat.pick('hold-5');
  await press(chat.answer, 'Another answer');
  await expect.poll(() => chat.text()).toBe('You said: one two three');
  // The other tab has heard of it, and shows it around the field.
  await expect.poll(() => other.text()).toBe('You said: one two three');
  await other.page.getByRole('button', { name: 'Save and ask' }).click();
  await expect(other.page.getByText('still being written')).toBeVisible();
  await expect(field).toHaveValue('mine');
  await emulator.release();
  await chat.answered();
  await other.answered();
  await other.page.getByRole('button', { name: 'Save and ask' }).click();
  await other.answered();
  await expect(other.questions).toContainText('mine');
  await expect(other.questions.getByText('2/2')).toBeVisible();
});

test('a stopped answer goes on from its text', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open();
  await chat.ask('one two three four five six', 'hold-5');
  await expect.poll(() => chat.text()).toBe('You said: one two three');
  await chat.stop.click();
  await expect(chat.answer.getByText('You stopped this answer.')).toBeVisible();
  await reload(chat);
  await chat.answer.getByRole('button', { name: 'Continue', exact: true }).click();
  await expect.poll(() => chat.text()).toBe('You said: one two three four five six');
  await chat.answered();
  await expect(chat.answer.getByText('resumed after an interruption')).toBeVisible();
  await expect(chat.answer.getByRole('button', { name: 'Continue', exact: true })).toHaveCount(0);
  // What it used is counted once: one answer is all there is, so the conversation used what the answer did.
  const total = await page.getByText('This conversation: ').textContent();
  await expect(chat.answer.getByText(total.replace('This conversation: ', ''))).toBeVisible();
});

test('deleting a message asks first and takes what follows', async ({ signedIn: page }) => {
  const chat = await begin(page, 'to be kept');
  await chat.ask('to be deleted', 'echo');
  await chat.answered();
  const question = chat.questions.last();
  await press(question, 'Delete');
  const asked = question.getByRole('group', { name: 'Delete this and everything below it?' });
  await expect(asked.getByRole('button', { name: 'Keep' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(asked).toBeHidden();
  await press(question, 'Delete');
  await asked.getByRole('button', { name: 'Delete' }).click();
  await expect(chat.questions).toHaveCount(1);
  await expect(chat.questions).toContainText('to be kept');
  await reload(chat);
  await expect(chat.questions).toHaveCount(1);
  await expect(chat.answers).toHaveCount(1);
});

test('a branch goes on in a conversation of its own', async ({ signedIn: page }) => {
  const chat = await begin(page, 'where we part');
  const first = await chat.conversation();
  await press(chat.answer, 'Continue in a new chat');
  await expect(chat.entry('where we part (branch)')).toBeVisible();
  await expect(chat.questions).toContainText('where we part');
  await expect.poll(() => chat.conversation()).not.toBe(first);
  await chat.ask('only here', 'echo');
  await chat.answered();
  await expect(chat.questions).toHaveCount(2);
  await page.goto(`/c/${first}`);
  await chat.awake();
  await expect(chat.questions).toHaveCount(1);
});

test('the field and the versions are accessible and fit a phone', async ({ signedIn: page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const chat = await begin(page, 'a question that is edited on a phone');
  await press(chat.answer, 'Another answer');
  await chat.answered();
  await expect(chat.answer.getByText('2/2')).toBeVisible();
  await press(chat.questions.first(), 'Edit');
  await expect(page.getByRole('textbox', { name: 'Your message' })).toBeVisible();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide).toBe(0);
  expect(await serious(page)).toEqual([]);
});
