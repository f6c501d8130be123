// Without a network: an answer goes on where it was, what is sent waits and goes once, what is typed stays.

import { remarks, tabTo } from '../support/access.js';
import { Client } from '../support/api.js';
import { Cable } from '../support/cable.js';
import { Chat } from '../support/pages.js';
import { signIn } from '../support/session.js';
import { expect, test } from '../support/test.js';

/** The page notices that there is no network: that is what all of this is about. */
test.beforeEach(({ expected }) => {
  expected.push(/net::ERR_|Failed to fetch|NetworkError/);
});

const QUESTION = 'one two three four five six seven eight nine ten';
const HELD = 'You said: one two three';
const WHOLE = `You said: ${QUESTION}`;

/** The questions that wait on a page. */
function waiting(page) {
  return page.getByRole('list', { name: 'Waiting to be sent' }).getByRole('listitem');
}

/** Until the code for what waits has come: it is fetched when the page rests. */
async function ready(page) {
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => /split_waiting/.test(name)));
  await page.waitForLoadState('networkidle');
}

async function open(page, path = '/') {
  const chat = new Chat(page);
  await chat.open(path);
  await ready(page);
  return chat;
}

async function send(chat, text) {
  await chat.composer.fill(text);
  await chat.composer.press('Enter');
}

async function offline(page) {
  await page.context().setOffline(true);
}

async function online(page) {
  await page.context().setOffline(false);
}

async function messages(client, id) {
  return (await client.get(`/api/v1/chat/conversation/${id}`)).messages;
}

async function conversations(client) {
  return (await client.get('/api/v1/chat/history')).conversations;
}

/** Writes down how long the newest answer is, whenever it is drawn, from now on. */
async function observe(page) {
  await page.evaluate(() => {
    window.lengths = [];
    const look = () => {
      const answer = [...document.querySelectorAll('.answer')].at(-1);
      if (answer) window.lengths.push(answer.innerText.trim().length);
      requestAnimationFrame(look);
    };
    look();
  });
}

async function neverShrank(page) {
  const lengths = await page.evaluate(() => window.lengths);
  // It was looked at, however few frames a busy machine drew.
  expect(lengths.length).toBeGreaterThan(2);
  const drops = lengths.filter((length, index) => index > 0 && length < lengths[index - 1]);
  expect(drops).toEqual([]);
}

/** The words of an answer of `tokens-N`, each once and in order. */
function expectWhole(text, count) {
  const numbers = [...text.matchAll(/token(\d+)/g)].map(([, number]) => Number(number));
  expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
}

test.describe('an answer goes on where it was', () => {
  test('after two times without a network, in two tabs', async ({ signedIn: page, account }) => {
    const chat = await open(page);
    await chat.pick('tokens-400+slow-20');
    await send(chat, QUESTION);
    const id = await chat.conversation();
    const other = new Chat(await page.context().newPage());
    await other.page.goto(`/c/${id}`);
    await ready(other.page);
    await expect.poll(() => other.text()).toContain('token10');
    for (const tab of [chat, other]) await observe(tab.page);
    for (const times of [1, 2]) {
      const before = await chat.text();
      await offline(page);
      await expect(page.getByText('You are offline. What you send waits here.')).toBeVisible();
      await expect(page.getByRole('alert')).toHaveCount(0);
      await online(page);
      await expect(page.getByText('You are offline.')).toBeHidden();
      await expect.poll(async () => (await chat.text()).length, `after ${times}`).toBeGreaterThan(before.length);
    }
    for (const tab of [chat, other]) await tab.answered();
    const [, answer] = await messages(account, id);
    expectWhole(answer.content, 400);
    for (const tab of [chat, other]) {
      await expect.poll(() => tab.text()).toBe(answer.content.trim());
      await neverShrank(tab.page);
    }
  });

  test('after the line was cut twice, with a word about it', async ({ page, context, lia }) => {
    const cable = await Cable.to(lia.url);
    const account = await Client.register(lia.url);
    await signIn(context, cable.url, account.person);
    const chat = await open(page, `${cable.url}/`);
    await chat.pick('tokens-400+slow-20');
    await send(chat, QUESTION);
    const id = await chat.conversation();
    await expect.poll(() => chat.text()).toContain('token10');
    await observe(page);
    for (const times of [1, 2]) {
      const before = await chat.text();
      cable.cut();
      await expect(page.getByText('Reconnecting…')).toBeVisible();
      cable.mend();
      await expect(page.getByText('Reconnecting…')).toBeHidden();
      await expect.poll(async () => (await chat.text()).length, `after ${times}`).toBeGreaterThan(before.length);
    }
    await chat.answered();
    const [, answer] = await messages(account, id);
    expectWhole(answer.content, 400);
    await expect.poll(() => chat.text()).toBe(answer.content.trim());
    await neverShrank(page);
    await page.goto('about:blank');
    await cable.stop();
  });

  test('when the network has silently become another one', async ({ page, context, lia, emulator }) => {
    const cable = await Cable.to(lia.url);
    const account = await Client.register(lia.url);
    await signIn(context, cable.url, account.person);
    const chat = await open(page, `${cable.url}/`);
    await chat.pick('hold-5');
    await send(chat, QUESTION);
    await expect.poll(() => chat.text()).toBe(HELD);
    await observe(page);
    cable.hold();
    await emulator.release();
    cable.mend();
    // What a browser says when it has joined another network; the line itself looks whole.
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect.poll(() => chat.text()).toBe(WHOLE);
    await chat.answered();
    await neverShrank(page);
    await page.goto('about:blank');
    await cable.stop();
  });

  test('after sleep', async ({ signedIn: page, account, emulator }) => {
    const chat = await open(page);
    await chat.pick('hold-5');
    await send(chat, QUESTION);
    const id = await chat.conversation();
    await expect.poll(() => chat.text()).toBe(HELD);
    await observe(page);
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await emulator.release();
    await expect.poll(async () => (await messages(account, id))[1].status).toBe('complete');
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await expect.poll(() => chat.text()).toBe(WHOLE);
    await chat.answered();
    await neverShrank(page);
  });

  test('on a phone', async ({ browser, lia, emulator }) => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, baseURL: lia.url });
    const account = await Client.register(lia.url);
    await signIn(context, lia.url, account.person);
    const page = await context.newPage();
    const chat = await open(page);
    await chat.pick('hold-5');
    await send(chat, QUESTION);
    const id = await chat.conversation();
    await expect.poll(() => chat.text()).toBe(HELD);
    await observe(page);
    await offline(page);
    await emulator.release();
    await expect.poll(async () => (await messages(account, id))[1].status).toBe('complete');
    await expect(page.getByText('You are offline.')).toBeVisible();
    await online(page);
    await chat.answered();
    const [, answer] = await messages(account, id);
    await expect.poll(() => chat.text()).toBe(answer.content.trim());
    await neverShrank(page);
    await context.close();
  });
});

test.describe('what is sent without a network', () => {
  test('waits, is there after a reload, and goes once and in order', async ({ signedIn: page, account }) => {
    const chat = await open(page);
    await chat.pick('echo');
    await offline(page);
    await send(chat, 'The first question');
    await send(chat, 'The second question');
    await expect(waiting(page)).toHaveCount(2);
    await expect(waiting(page).first()).toContainText('Waiting for a connection');
    await expect(chat.composer).toHaveValue('');
    await expect(page.getByText('You are offline. What you send waits here.')).toBeVisible();
    expect(await remarks(page)).toEqual([]);

    // The page itself can be had again, and what it asks of Lia cannot.
    await page.route('**/fn/**', (route) => route.abort());
    await page.route('**/health/**', (route) => route.abort());
    await online(page);
    await page.reload();
    await expect(waiting(page)).toHaveCount(2);
    await expect(page.getByRole('heading', { name: 'What is on your mind?' })).toBeHidden();
    await page.unroute('**/fn/**');
    await page.unroute('**/health/**');
    await expect(waiting(page)).toHaveCount(0);
    await expect(chat.questions).toHaveCount(2);
    await chat.answered();
    const id = await chat.conversation();
    await expect.poll(async () => (await messages(account, id)).map(({ content }) => content)).toEqual([
      'The first question',
      'The first question',
      'The second question',
      'The second question',
    ]);
    expect(await conversations(account)).toHaveLength(1);
  });

  test('goes on in its conversation, and once when it had arrived already', async ({ signedIn: page, account }) => {
    const chat = await open(page);
    await chat.ask('The first question', 'echo');
    await chat.answered();
    const id = await chat.conversation();
    // The question arrives, and the word of it does not come back.
    let lost = 0;
    await page.route('**/fn/start_run', async (route) => {
      await route.fetch();
      lost += 1;
      await route.abort('connectionreset');
    }, { times: 1 });
    await send(chat, 'The second question');
    await expect(chat.questions).toHaveCount(2);
    await chat.answered();
    expect(lost).toBe(1);
    await expect(waiting(page)).toHaveCount(0);
    expect((await messages(account, id)).map(({ content }) => content)).toEqual([
      'The first question',
      'The first question',
      'The second question',
      'The second question',
    ]);
    await expect(page.getByRole('alert')).toHaveCount(0);
  });

  test('is sent by one of two tabs and leaves the other', async ({ signedIn: page, account }) => {
    const id = await account.converse('Where we are', 'echo');
    const chat = await open(page, `/c/${id}`);
    const other = await open(await page.context().newPage(), `/c/${id}`);
    await chat.pick('echo');
    await offline(page);
    await send(chat, 'Said in the first tab');
    await expect(waiting(page)).toHaveCount(1);
    await expect(waiting(other.page)).toHaveCount(1);
    await send(other, 'Said in the second tab');
    await expect(waiting(page)).toHaveCount(2);
    await online(page);
    for (const tab of [chat, other]) {
      await expect(waiting(tab.page)).toHaveCount(0);
      await expect(tab.questions).toHaveCount(3);
      await expect(tab.questions.last()).toContainText('Said in the second tab');
      await tab.answered();
    }
    expect((await messages(account, id)).filter(({ role }) => role === 'user')).toHaveLength(3);
  });

  test('can be taken back by keyboard: into the composer, or for good', async ({ signedIn: page, account }) => {
    const chat = await open(page);
    await offline(page);
    await send(chat, 'To be written differently');
    await send(chat, 'To be thrown away');
    await expect(waiting(page)).toHaveCount(2);
    // The second 'Discard' on the way through the page.
    await page.getByRole('link', { name: 'New chat' }).focus();
    for (let times = 0; times < 2; times += 1) await tabTo(page, (node) => node.textContent === 'Discard');
    await page.keyboard.press('Enter');
    await expect(waiting(page)).toHaveCount(1);
    await expect(chat.composer).toBeFocused();
    await page.getByRole('link', { name: 'New chat' }).focus();
    await tabTo(page, (node) => node.textContent === 'Edit');
    await page.keyboard.press('Enter');
    await expect(waiting(page)).toHaveCount(0);
    await expect(chat.composer).toHaveValue('To be written differently');
    await expect(chat.composer).toBeFocused();
    await online(page);
    await chat.composer.fill('Written differently');
    await chat.composer.press('Enter');
    await expect(chat.questions).toHaveCount(1);
    await chat.answered();
    expect(await conversations(account)).toHaveLength(1);
  });

  test('says why it is not taken, and loses no words', async ({ signedIn: page, account, expected }) => {
    expected.push(/status of (404|401|409|422)/);
    const id = await account.converse('To be deleted', 'echo');
    const chat = await open(page, `/c/${id}`);
    await offline(page);
    await send(chat, 'Said to nobody');
    await expect(waiting(page)).toHaveCount(1);
    await account.call('DELETE', `/api/v1/chat/conversation/${id}`);
    await online(page);
    // Whichever the page hears last.
    await expect(page.getByRole('alert')).toContainText(/A message that waited was not sent\.|This conversation was deleted/);
    await page.goto('/');
    await expect(waiting(page)).toContainText('its conversation was deleted');
    await expect(waiting(page)).toContainText('Said to nobody');
    expect(await remarks(page)).toEqual([]);
    await waiting(page).getByRole('button', { name: 'Try again' }).click();
    await expect(chat.questions).toContainText('Said to nobody');
    await chat.answered();
    await expect(waiting(page)).toHaveCount(0);
  });

  test('waits for its writer to sign in again, and for nobody else', async ({ signedIn: page, account, lia, expected }) => {
    expected.push(/status of 401/);
    const chat = await open(page);
    await chat.pick('echo');
    await offline(page);
    await send(chat, 'Mine alone');
    await expect(waiting(page)).toHaveCount(1);
    // Somebody else signs in in this browser meanwhile.
    const other = await Client.register(lia.url);
    await signIn(page.context(), lia.url, other.person);
    await online(page);
    await expect(waiting(page)).toContainText('Another account is signed in');
    await page.reload();
    await ready(page);
    await expect(waiting(page)).toHaveCount(0);
    expect(await conversations(other)).toHaveLength(0);

    await signIn(page.context(), lia.url, account.person);
    await page.reload();
    await expect(chat.questions).toContainText('Mine alone');
    await chat.answered();
    expect(await conversations(account)).toHaveLength(1);
  });

  test('is forgotten when its writer signs out', async ({ signedIn: page, account, lia }) => {
    const chat = await open(page);
    await page.route('**/health/live', (route) => route.abort());
    await offline(page);
    await send(chat, 'Not for the next one');
    await expect(waiting(page)).toHaveCount(1);
    await online(page);
    await chat.sidebar.getByRole('button', { name: /Account/ }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/login/);
    await page.unroute('**/health/live');
    await signIn(page.context(), lia.url, account.person);
    await open(page);
    await expect(waiting(page)).toHaveCount(0);
    expect(await conversations(account)).toHaveLength(0);
  });

  test('waits for the life of the tab where the browser keeps nothing', async ({ signedIn: page, account }) => {
    await page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('Not in private windows.', 'SecurityError');
      };
    });
    const chat = await open(page);
    await chat.pick('echo');
    await offline(page);
    await send(chat, 'Kept in memory');
    await expect(waiting(page)).toHaveCount(1);
    await online(page);
    await expect(chat.questions).toContainText('Kept in memory');
    await chat.answered();
    expect(await conversations(account)).toHaveLength(1);
  });

  test('goes back into the composer where the page was too young to keep it', async ({ signedIn: page }) => {
    await page.route(/split_waiting/, (route) => route.abort());
    const chat = new Chat(page);
    await chat.open('/');
    await offline(page);
    await send(chat, 'Too early');
    await expect(chat.composer).toHaveValue('Too early');
    await expect(page.getByRole('alert')).toContainText('could not be reached');
    await page.unroute(/split_waiting/);
    await online(page);
    await chat.composer.press('Enter');
    await expect(chat.questions).toContainText('Too early');
    await chat.answered();
  });
});

test('what is typed is kept for each conversation, and not longer than until it is sent', async ({ signedIn: page, account }) => {
  const id = await account.converse('The other one', 'echo');
  const chat = await open(page);
  await chat.composer.fill('For a new one');
  await chat.entry('The other one').click();
  await expect(page).toHaveURL(`/c/${id}`);
  await expect(chat.composer).toHaveValue('');
  await chat.composer.fill('For the other one');
  await page.getByRole('link', { name: 'New chat' }).click();
  await expect(chat.composer).toHaveValue('For a new one');
  await page.reload();
  await expect(chat.composer).toHaveValue('For a new one');
  await page.goto(`/c/${id}`);
  await expect(chat.composer).toHaveValue('For the other one');
  await chat.awake();
  await chat.pick('echo');
  await send(chat, 'For the other one');
  await expect(chat.questions).toHaveCount(2);
  await chat.answered();
  await page.reload();
  await chat.awake();
  await expect(chat.composer).toHaveValue('');
});

test('where data is dear, drafts are read only when somebody asks', async ({ signedIn: page }) => {
  const parts = [];
  page.on('request', (request) => {
    if (/split_draft/.test(request.url())) parts.push(request.url());
  });
  await page.addInitScript(() => Object.defineProperty(navigator, 'connection', { value: { saveData: true } }));
  const chat = await open(page);
  const toggle = page.getByRole('button', { name: 'Read my words while I type, on this device' });
  await expect(toggle).toHaveAttribute('aria-pressed', 'false');
  await chat.composer.fill('What a lovely day');
  await ready(page);
  expect(parts).toEqual([]);
  await toggle.click();
  await expect(page.getByText(/^Reads as/)).toBeVisible();
  await page.reload();
  await expect(toggle).toHaveAttribute('aria-pressed', 'true');
});
