// What happens in another tab or on another device is seen here, without a reload, and disturbs nothing.

import { remarks } from '../support/access.js';
import { Client } from '../support/api.js';
import { Cable } from '../support/cable.js';
import { Chat } from '../support/pages.js';
import { signIn } from '../support/session.js';
import { expect, test } from '../support/test.js';

const QUESTION = 'one two three four five six seven eight nine ten';
const HELD = 'You said: one two three';
const WHOLE = `You said: ${QUESTION}`;

/** The sockets of a page, with what it has heard. Watched from before it is opened. */
function watchSockets(page) {
  const sockets = [];
  page.on('websocket', (socket) => {
    const heard = [];
    sockets.push(heard);
    socket.on('framereceived', ({ payload }) => heard.push(String(payload)));
  });
  return sockets;
}

/** Opens a path and waits until the page listens. */
async function open(page, path = '/') {
  const chat = new Chat(page);
  chat.sockets = watchSockets(page);
  await chat.open(path);
  await listens(chat);
  return chat;
}

/** Until the newest of `count` sockets or more has told the page to read again, and it has. */
async function listens(chat, count = 1) {
  await expect.poll(() => chat.sockets.length).toBeGreaterThanOrEqual(count);
  await expect.poll(() => chat.sockets.at(-1).some((said) => said.includes('"resync"'))).toBe(true);
  await chat.page.waitForLoadState('networkidle');
}

/** Counts what a page asks of one of Lia's functions from now on. */
function count(page, name) {
  const asked = [];
  page.on('request', (request) => request.url().endsWith(`/fn/${name}`) && asked.push(request));
  return asked;
}

async function send(chat, text) {
  await chat.composer.fill(text);
  await chat.composer.press('Enter');
}

function titles(chat) {
  return chat.sidebar.locator('.row > a').evaluateAll((links) => links.map((link) => link.firstChild.textContent));
}

function heading(chat) {
  return chat.page.getByRole('heading', { level: 1 });
}

test('a conversation is listed, renamed and deleted in every tab and on every device', async ({ signedIn: page, account, device }) => {
  const first = await open(page);
  const second = await open(await page.context().newPage());
  const phone = await open(device);
  await first.ask('A quiet week', 'echo');
  await first.answered();
  const id = await first.conversation();
  await expect(second.entry('A quiet week')).toBeVisible();
  await expect(phone.page.locator('.row > a')).toHaveText(/^A quiet week/);

  await second.entry('A quiet week').click();
  await expect(second.answer).toContainText('A quiet week');
  await phone.page.goto(`/c/${id}`);
  await first.choose('A quiet week', 'Rename');
  await first.page.getByRole('textbox', { name: 'Name of the conversation' }).fill('A loud one');
  await first.page.keyboard.press('Enter');
  await expect(second.entry('A loud one')).toBeVisible();
  await expect(heading(second)).toHaveText('A loud one');
  await expect(second.page).toHaveTitle('A loud one · Lia');
  await expect(heading(phone)).toHaveText('A loud one');

  await second.composer.fill('Half a thought');
  await account.call('DELETE', `/api/v1/chat/conversation/${id}`);
  for (const tab of [first, second, phone]) {
    await expect(tab.page.locator('.row')).toHaveCount(0);
    await expect(tab.page).toHaveURL('/');
    await expect(tab.page.getByRole('alert')).toContainText('This conversation was deleted in another tab or on another device.');
    await expect(heading(tab)).toHaveText('New chat');
  }
  await expect(second.composer).toHaveValue('Half a thought');
  expect(await remarks(second.page)).toEqual([]);
  await second.pick('echo');
  await second.composer.press('Enter');
  await second.answered();
  await expect(second.answer).toContainText('Half a thought');
});

test('whoever deletes a conversation is not told so', async ({ signedIn: page, account }) => {
  const id = await account.converse('To be deleted', 'echo');
  const chat = await open(page, `/c/${id}`);
  await chat.choose('To be deleted', 'Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page).toHaveURL('/');
  await expect(chat.entry('To be deleted')).toHaveCount(0);
  await expect.poll(() => chat.sockets[0].some((said) => said.includes('conversation_deleted'))).toBe(true);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('all conversations deleted leave an empty list', async ({ signedIn: page, account }) => {
  const id = await account.converse('One of two', 'echo');
  await account.converse('The other', 'echo');
  const chat = await open(page, `/c/${id}`);
  await account.call('DELETE', '/api/v1/chat/conversations');
  await expect(page.getByText('Your conversations will be listed here.')).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('All your conversations were deleted');
  await expect(chat.composer).toHaveValue('');
});

test('an answer elsewhere is marked while it is written and until it is read', async ({ signedIn: page, account, emulator }) => {
  await account.converse('The older one', 'echo');
  await account.converse('The newer one', 'echo');
  const first = await open(page);
  const second = await open(await page.context().newPage());
  await first.entry('The older one').click();
  await expect(first.answer).toContainText('The older one');
  await first.pick('hold-5');
  await send(first, QUESTION);
  await expect.poll(() => first.text()).toBe(HELD);
  await expect(second.entry('The older one Being answered')).toBeVisible();
  expect(await titles(second)).toEqual(['The older one', 'The newer one']);
  expect(await remarks(second.page)).toEqual([]);
  await emulator.release();
  await first.answered();
  await expect(second.entry('The older one New answer')).toBeVisible();
  await expect(first.entry('The older one New answer')).toHaveCount(0);
  await second.entry('The older one').click();
  await expect.poll(() => second.text()).toBe(WHOLE);
  await second.entry('The newer one').click();
  await expect(second.answer).toContainText('The newer one');
  await expect(second.sidebar.locator('.row-mark')).toHaveCount(0);
});

test('two tabs and a device show one answer while it is written, each fetched once', async ({ signedIn: page, account, device, emulator }) => {
  const id = await account.converse('Where we are', 'echo');
  const first = await open(page, `/c/${id}`);
  const second = await open(await page.context().newPage(), `/c/${id}`);
  const phone = await open(device, `/c/${id}`);
  const fetched = [first, second, phone].map(({ page }) => count(page, 'view_conversation'));
  await second.composer.fill('Half a thought');
  await first.pick('hold-5');
  await send(first, QUESTION);
  for (const tab of [first, second, phone]) {
    await expect.poll(() => tab.text()).toBe(HELD);
    await expect(tab.questions).toHaveCount(2);
    await expect(tab.stop).toBeVisible();
  }
  await expect(second.composer).toHaveValue('Half a thought');
  await emulator.release();
  for (const tab of [first, second, phone]) {
    await tab.answered();
    await expect.poll(() => tab.text()).toBe(WHOLE);
    await expect(tab.questions).toHaveCount(2);
    await expect.poll(() => tab.sockets[0].some((said) => said.includes('run_finished'))).toBe(true);
  }
  // Another answer to the same question, asked for on the phone.
  await phone.page.getByRole('button', { name: 'Another answer' }).last().click();
  await expect.poll(() => phone.text()).toBe(HELD);
  for (const tab of [first, second]) await expect.poll(() => tab.text()).toBe(HELD);
  await emulator.release();
  for (const tab of [first, second, phone]) {
    await tab.answered();
    await expect.poll(() => tab.text()).toBe(WHOLE);
    await expect(tab.page.getByText('2/2')).toBeVisible();
  }
  await expect(second.composer).toHaveValue('Half a thought');
  // Each has read the conversation for what the others asked, and the phone for its own other answer.
  expect(fetched.map((asked) => asked.length)).toEqual([1, 2, 2]);
});

test('who reads further up is left there', async ({ signedIn: page, account }) => {
  const id = await account.converse(QUESTION, 'markdown');
  for (const question of ['And more?', 'And still more?']) await account.converse(question, 'markdown', id);
  const chat = await open(page, `/c/${id}`);
  const scroller = page.locator('#scroller');
  await scroller.evaluate((element) => element.scrollTo(0, 0));
  await expect(page.getByRole('button', { name: 'Newest' })).toBeVisible();
  await account.converse('And then', 'echo', id);
  await expect(chat.questions).toHaveCount(4);
  await chat.answered();
  expect(await scroller.evaluate((element) => element.scrollTop)).toBe(0);
});

test('a name that is being changed and an open menu stay in hand', async ({ signedIn: page, account }) => {
  await account.converse('The older one', 'echo');
  await account.converse('The newer one', 'echo');
  const chat = await open(page);
  const names = page.getByRole('textbox', { name: 'Name of the conversation' });
  await chat.choose('The older one', 'Rename');
  await names.fill('Half a na');
  await account.converse('From elsewhere', 'echo');
  await expect.poll(() => chat.sockets[0].some((said) => said.includes('run_finished'))).toBe(true);
  await expect(names).toBeFocused();
  await expect(names).toHaveValue('Half a na');
  await expect(chat.entry('From elsewhere')).toHaveCount(0);
  await page.keyboard.type('me');
  await page.keyboard.press('Enter');
  await expect(chat.entry('Half a name')).toBeVisible();
  await expect(chat.entry('From elsewhere')).toBeVisible();

  await chat.sidebar.getByRole('button', { name: 'More for “The newer one”' }).click();
  const menu = page.getByRole('group', { name: 'Conversation', exact: true });
  // It rises for a moment when it opens.
  await menu.evaluate((element) => Promise.all(element.getAnimations().map((animation) => animation.finished)));
  const before = await menu.boundingBox();
  const heard = chat.sockets[0].length;
  await account.converse('Once more', 'echo');
  await expect.poll(() => chat.sockets[0].slice(heard).some((said) => said.includes('run_finished'))).toBe(true);
  await expect(chat.entry('Once more')).toHaveCount(0);
  expect(await menu.boundingBox()).toEqual(before);
  await page.keyboard.press('Escape');
  await expect(chat.entry('Once more')).toBeVisible();
});

test('a long list keeps its place and the focus its name', async ({ signedIn: page, account }) => {
  for (let number = 1; number <= 30; number += 1) await account.converse(`Conversation ${number}.`, 'echo');
  const chat = await open(page);
  const list = page.getByRole('navigation', { name: 'Your conversations' });
  await list.evaluate((element) => element.scrollTo(0, 300));
  const row = chat.entry('Conversation 12.');
  await row.focus();
  const before = await row.boundingBox();
  await account.converse('From elsewhere', 'echo');
  await expect(chat.entry('From elsewhere')).toHaveCount(1);
  await expect.poll(async () => Math.abs((await row.boundingBox()).y - before.y)).toBeLessThan(2);
  await expect(row).toBeFocused();
});

test('what happened while the line was cut is made up for', async ({ page, context, lia, expected }) => {
  expected.push(/net::ERR_|Failed to fetch|WebSocket/);
  const cable = await Cable.to(lia.url);
  const account = await Client.register(lia.url);
  const id = await account.converse('Where we are', 'echo');
  const other = await account.converse('To be deleted', 'echo');
  await signIn(context, cable.url, account.person);
  const chat = await open(page, `${cable.url}/c/${id}`);
  await chat.composer.fill('Half a thought');
  cable.cut();
  await account.call('DELETE', `/api/v1/chat/conversation/${other}`);
  await account.call('PATCH', `/api/v1/chat/conversation/${id}/rename`, { title: 'Where we were' });
  await account.converse('What was said meanwhile', 'echo', id);
  await account.converse('From elsewhere', 'echo');
  cable.mend();
  await expect(chat.entry('From elsewhere')).toBeVisible();
  await expect.poll(() => titles(chat)).toEqual(['From elsewhere', 'Where we were']);
  await expect(chat.questions).toHaveCount(2);
  await expect(chat.answer).toContainText('What was said meanwhile');
  await expect(heading(chat)).toHaveText('Where we were');
  await expect(chat.composer).toHaveValue('Half a thought');
  await listens(chat, 2);

  // A line that has silently gone is noticed when the browser says that it is in another network.
  cable.hold();
  cable.mend();
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await listens(chat, 3);
  await account.converse('From another network', 'echo');
  await expect(chat.entry('From another network')).toBeVisible();
  await page.goto('about:blank');
  await cable.stop();
});

test('after a restart of the server the page listens again', async ({ page, context, startLia, expected }) => {
  expected.push(/net::ERR_|WebSocket/);
  const lia = await startLia();
  const account = await Client.register(lia.url);
  await signIn(context, lia.url, account.person);
  const chat = await open(page, `${lia.url}/`);
  await lia.kill();
  await lia.startAgain();
  await account.converse('After the restart', 'echo');
  await expect(chat.entry('After the restart')).toBeVisible();
  await listens(chat, 2);
  await account.converse('And once more', 'echo');
  await expect(chat.entry('And once more')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a sign-in that has ended is told by the next thing one does, and by nothing else', async ({ signedIn: page, lia, account, expected }) => {
  expected.push(/status of 401/);
  const chat = await open(page);
  await page.context().request.post(`${lia.url}/logout`, { maxRedirects: 0, headers: { origin: lia.url } });
  await expect.poll(() => page.context().cookies()).toEqual([]);
  await account.converse('Heard by nobody', 'echo');
  await send(chat, 'Is anybody there?');
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  await expect(chat.composer).toHaveValue('Is anybody there?');
  await expect(chat.entry('Heard by nobody')).toHaveCount(0);
  expect(chat.sockets).toHaveLength(1);
});

test('what waits in conversations that were all deleted goes with them', async ({ signedIn: page, account, expected }) => {
  expected.push(/net::ERR_FAILED/);
  const id = await account.converse('To be deleted', 'echo');
  const chat = await open(page, `/c/${id}`);
  const waiting = page.getByRole('list', { name: 'Waiting to be sent' }).getByRole('listitem');
  await page.route('**/fn/start_run', (route) => route.abort());
  await send(chat, 'Never to be sent');
  await expect(waiting).toHaveCount(1);
  await page.goto('/settings', { waitUntil: 'networkidle' });
  await page.getByRole('button', { name: 'Delete all conversations' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete all', exact: true }).click();
  await expect(page.getByText('All your conversations are deleted.')).toBeVisible();
  await page.unroute('**/fn/start_run');
  await open(page);
  await expect(waiting).toHaveCount(0);
  expect((await account.get('/api/v1/chat/history')).conversations).toEqual([]);
});
