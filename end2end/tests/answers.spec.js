// What surrounds an answer: thoughts, tokens and cost, and the one thing to do where it failed.

import { expect, test } from '../support/test.js';
import { Client } from '../support/api.js';
import { signIn } from '../support/session.js';
import { Chat } from '../support/pages.js';

/** A page of somebody signed in at a Lia that asks `vendor`. */
async function enterAt(lia, page, context) {
  const client = await Client.register(lia.url);
  await signIn(context, lia.url, client.person);
  const chat = new Chat(page);
  await chat.open(`${lia.url}/`);
  return { chat, client };
}

async function say(chat, words) {
  await chat.composer.fill(words);
  await expect(chat.send).toBeEnabled();
  await chat.composer.press('Enter');
  await expect(chat.questions.last()).toContainText(words);
}

const failure = (chat) => chat.answer.getByRole('alert');

test('thoughts are open while there is nothing else, then folded away', async ({ page, context, startLia, vendor, emulator }) => {
  vendor.models = ['think+hold-5'];
  const lia = await startLia({ provider: vendor.url });
  const { chat } = await enterAt(lia, page, context);
  await say(chat, 'What is six times seven?');
  const thoughts = chat.answer.getByText('Six times seven is forty-two.');
  await expect(chat.answer.getByText('Thinking…')).toBeVisible();
  await expect(thoughts).toBeVisible();
  await emulator.release();
  await chat.answered();
  expect(await chat.text()).toContain('The answer is 42.');
  await expect(thoughts).toBeHidden();
  await chat.answer.getByText('Thoughts').focus();
  await page.keyboard.press('Enter');
  await expect(thoughts).toBeVisible();
  await page.reload();
  await expect(thoughts).toBeHidden();
  await chat.awake();
});

test('tokens and cost stand under each answer and under the conversation', async ({ page, context, startLia, vendor }) => {
  vendor.models = ['gpt-4.1'];
  const lia = await startLia({ provider: vendor.url });
  const { chat } = await enterAt(lia, page, context);
  await say(chat, 'How much is this?');
  await chat.answered();
  const line = chat.answer.getByText(/^gpt-4\.1 · /);
  await expect(line).toHaveText(/^gpt-4\.1 · [\d,]+ tokens · (\$0\.\d{2,4}|less than \$0\.0001)$/);
  const details = chat.answer.getByText(/^The model read [\d,]+ tokens? and wrote [\d,]+ tokens?\.$/);
  await expect(details).toBeHidden();
  await line.focus();
  await page.keyboard.press('Enter');
  await expect(details).toBeVisible();
  const sum = page.getByText(/^This conversation: /);
  await expect(sum).toBeVisible();
  await say(chat, 'And this?');
  await chat.answered();
  await expect(chat.answer.getByText(/^gpt-4\.1 · .*tokens/)).toBeVisible();
  // What the page has added up is what the server says.
  const added = await sum.textContent();
  await page.reload();
  await expect(sum).toHaveText(added);
  await chat.awake();
});

test('too many requests: Retry waits as long as the provider asks, and then helps', async ({ page, context, startLia, vendor }) => {
  vendor.models = ['gpt-4.1'];
  const wait = { error: { message: 'Too many requests.', type: 'rate_limit_error', code: 'rate_limit_exceeded' } };
  vendor.refusals = [{ status: 429, headers: { 'retry-after': '12' }, body: wait }];
  const lia = await startLia({ provider: vendor.url });
  await page.clock.install();
  const { chat } = await enterAt(lia, page, context);
  await say(chat, 'Is there room?');
  await expect(failure(chat)).toBeVisible();
  const retry = failure(chat).getByRole('button', { name: /^Retry in \d+ s$/ });
  await expect(retry).toBeVisible();
  await expect(retry).toBeDisabled();
  await page.reload();
  await chat.awake();
  await expect(retry, 'what is left of the wait is known after a reload').toBeDisabled();
  await page.clock.fastForward(12_000);
  const again = failure(chat).getByRole('button', { name: 'Try again' });
  await expect(again).toBeEnabled();
  await again.click();
  await chat.answered();
  await expect(chat.answer).toContainText('You said: Is there room?');
  // The answer stands beside the failure, which is kept.
  await page.reload();
  await chat.awake();
  await expect(chat.answers).toHaveCount(1);
  await chat.answer.getByRole('button', { name: 'Previous version' }).click();
  await expect(chat.answer.getByRole('alert')).toBeVisible();
});

test('a conversation that is too long goes on in a new one, a message that is too long is shortened', async ({ page, context, startLia, vendor }) => {
  vendor.models = ['gpt-4.1'];
  const lia = await startLia({ provider: vendor.url });
  const { chat } = await enterAt(lia, page, context);
  const tooLong = { error: { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' } };
  vendor.refusals = [{ status: 400, body: tooLong }];
  await say(chat, 'A very long first message');
  await failure(chat).getByRole('button', { name: 'Edit your message' }).click();
  await expect(chat.composer).toHaveValue('A very long first message');
  await expect(chat.composer).toBeFocused();
  await say(chat, 'A shorter one');
  await chat.answered();
  vendor.refusals = [{ status: 400, body: tooLong }];
  await say(chat, 'The last straw');
  await failure(chat).getByRole('button', { name: 'Begin a new conversation' }).click();
  await expect(page).toHaveURL(`${lia.url}/`);
  await expect(chat.composer).toHaveValue('The last straw');
});

test('a refused key: another model is picked and asked the same', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('Will this work?', 'fault-401');
  await failure(chat).getByRole('button', { name: 'Pick another model' }).click();
  await expect(chat.options.first()).toBeVisible();
  await chat.search.fill('echo');
  await chat.search.press('Enter');
  await expect(chat.answer.getByText('2/2')).toBeVisible();
  await chat.answered();
  await expect(chat.answer).toContainText('Will this work?');
  await expect(chat.model).toHaveAccessibleName('Model: echo');
});

test('a filter: the message comes back to be written differently', async ({ page, context, startLia, vendor }) => {
  vendor.models = ['gpt-4.1'];
  const refused = { error: { message: 'flagged', type: 'invalid_request_error', code: 'content_filter' } };
  vendor.refusals = [{ status: 400, body: refused }];
  const lia = await startLia({ provider: vendor.url });
  const { chat } = await enterAt(lia, page, context);
  await say(chat, 'Something it does not like');
  await failure(chat).getByRole('button', { name: 'Edit your message' }).click();
  await expect(chat.composer).toHaveValue('Something it does not like');
});

test('a provider that is not answering: the page says so and offers another one', async ({ page, context, startLia, vendor, emulator }) => {
  vendor.models = ['gpt-4.1'];
  vendor.isThere = false;
  // OpenAI is down, and Gemini is there.
  const lia = await startLia({ provider: vendor.url, env: { GEMINI_BASE_URL: emulator.url, GEMINI_API_KEY: 'sk-emulator' } });
  const { chat } = await enterAt(lia, page, context);
  await say(chat, 'Anybody there?');
  // Three attempts fail, then two more: that is enough for Lia to leave OpenAI alone for a while.
  await failure(chat).getByRole('button', { name: 'Try again' }).click();
  await expect(chat.answer.getByText('2/2')).toBeVisible();
  await expect(failure(chat)).toContainText('OpenAI is not answering; try Gemini');
  await failure(chat).getByRole('button', { name: 'Pick another model' }).click();
  await expect(chat.picker.getByRole('group', { name: /^OpenAI: OpenAI is not answering/ })).toBeVisible();
  await expect(chat.option('gpt-4.1')).toHaveAttribute('aria-disabled', 'true');
  // What Enter takes is a model of another provider already.
  await expect(chat.picker.locator('.active')).toHaveAttribute('title', 'echo');
  await chat.search.press('Enter');
  await chat.answered();
  await expect(chat.answer).toContainText('Anybody there?');
});
