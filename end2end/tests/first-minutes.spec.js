// A person's first ten minutes: everything that must work before anything else is worth a test.

import { expect, newPerson, test } from '../support/test.js';
import { Chat, enter } from '../support/pages.js';

const QUESTION = 'What makes a good morning?';

test('a new person registers, chats, reloads, tidies up, leaves and comes back', async ({ page, expected }) => {
  const chat = new Chat(page);
  const person = newPerson();

  await test.step('the front door leads to an account', async () => {
    await page.goto('/');
    await expect(page).toHaveURL(/\/login/);
    await page.getByRole('link', { name: 'Create an account' }).click();
    await expect(page).toHaveURL(/\/register/);
    await enter(page, person, 'Create account');
    await expect(page).toHaveURL('/');
    await chat.awake();
  });

  await test.step('the first message is answered while one watches', async () => {
    await chat.ask(QUESTION, 'tokens-400+slow-20');
    await chat.conversation();
    await expect(chat.stop).toBeVisible();
    const length = async () => (await chat.text()).length;
    await expect.poll(length).toBeGreaterThan(0);
    const early = await length();
    await expect.poll(length).toBeGreaterThan(early + 20);
  });

  const path = `/c/${await chat.conversation()}`;

  await test.step('a reload in the middle goes on where it was', async () => {
    await page.reload();
    await expect(chat.questions).toContainText(QUESTION);
    const after = await chat.text();
    expect(after).toContain('token0 token1 token2');
    await expect.poll(() => chat.text()).not.toBe(after);
    await expect(chat.stop).toBeVisible();
    // Four hundred words at twenty a second.
    await expect(chat.send).toBeVisible({ timeout: 40_000 });
    expect(await chat.text()).toBe(Array.from({ length: 400 }, (_, index) => `token${index}`).join(' '));
  });

  await test.step('a reload afterwards finds it all', async () => {
    const written = await chat.text();
    await page.reload();
    await expect(chat.questions).toHaveCount(1);
    await expect(chat.answers).toHaveCount(1);
    expect(await chat.text()).toBe(written);
    await chat.awake();
  });

  await test.step('a second conversation, and back to the first', async () => {
    await page.getByRole('link', { name: 'New chat' }).click();
    await expect(page).toHaveURL('/');
    await chat.ask('Plan a quiet week.', 'echo');
    await chat.answered();
    await expect(chat.answer).toContainText('Plan a quiet week.');
    await chat.entry(QUESTION).click();
    await expect(page).toHaveURL(path);
    await expect(chat.questions).toContainText(QUESTION);
    await expect(chat.answer).toContainText('token399');
  });

  await test.step('a conversation gets another name', async () => {
    await chat.choose(QUESTION, 'Rename');
    const name = page.getByRole('textbox', { name: 'Name of the conversation' });
    await name.fill('Mornings');
    // The page shows the name at once; only the answer says that it is kept.
    const kept = page.waitForResponse(/rename_conversation/);
    await name.press('Enter');
    await expect(chat.entry('Mornings')).toBeVisible();
    await expect(page).toHaveTitle(/Mornings/);
    await kept;
    await page.reload();
    await expect(chat.entry('Mornings')).toBeVisible();
    await chat.awake();
  });

  await test.step('a conversation is deleted, after a question', async () => {
    const question = page.getByRole('dialog', { name: 'Delete this conversation?' });
    await chat.choose('Mornings', 'Delete');
    await question.getByRole('button', { name: 'Keep it' }).click();
    await expect(question).toBeHidden();
    await expect(chat.entry('Mornings')).toBeVisible();
    await chat.choose('Mornings', 'Delete');
    await question.getByRole('button', { name: 'Delete' }).click();
    await expect(chat.entry('Mornings')).toBeHidden();
    await expect(page).toHaveURL('/');
    expected.push(/status of 404/);
    const answer = await page.goto(path);
    expect(answer.status()).toBe(404);
  });

  await test.step('signing out ends it, signing in brings it back', async () => {
    await chat.open('/');
    await chat.sidebar.getByRole('button', { name: /Account/ }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/login/);
    await page.goto('/');
    await expect(page).toHaveURL(/\/login/);
    await enter(page, { email: person.email, password: person.password }, 'Sign in');
    await expect(page).toHaveURL('/');
    await chat.entry('Plan a quiet week.').click();
    await expect(chat.answer).toContainText('Plan a quiet week.');
  });
});

test('one of the beginnings starts a conversation', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.pick('echo');
  await page.getByRole('button', { name: /Look back on today/ }).click();
  await expect(chat.questions).toContainText('Help me look back on today.');
  await chat.answered();
  await chat.conversation();
});
