// An answer for which there is no room yet waits for its turn, and says so.

import { expect, test } from '../support/test.js';
import { Client } from '../support/api.js';
import { signIn } from '../support/session.js';
import { serious } from '../support/access.js';
import { Chat } from '../support/pages.js';

const WAITING = 'Waiting for its turn: as many answers are being written as may at once.';

test('an answer waits for its turn, can be stopped, and is written when there is room', async ({ page, context, startLia, emulator }) => {
  const lia = await startLia({ env: { LIA_MAX_RUNS: '1' } });
  const account = await Client.register(lia.url);
  await signIn(context, lia.url, account.person);
  const chat = new Chat(page);
  await chat.open(`${lia.url}/`);
  await chat.ask('one two three four five six', 'hold-5');
  await expect.poll(() => chat.text()).toBe('You said: one two three');
  const first = await chat.conversation();

  // Another conversation, in which the answer is not wanted any more.
  await page.goto(`${lia.url}/`);
  await chat.awake();
  await chat.ask('Never mind', 'echo');
  const note = page.getByText(WAITING);
  await expect(note).toBeVisible();
  expect(await serious(page)).toEqual([]);
  await chat.stop.click();
  await expect(note).toBeHidden();
  await chat.answered();
  await expect(page.getByText('You stopped this answer.')).toBeVisible();

  // And one in which it is.
  await page.goto(`${lia.url}/`);
  await chat.awake();
  await chat.ask('In its turn', 'echo');
  await expect(note).toBeVisible();
  await emulator.release();
  await chat.answered();
  await expect(note).toBeHidden();
  await expect.poll(() => chat.text()).toBe('In its turn');
  expect((await account.get(`/api/v1/chat/conversation/${first}`)).messages.at(-1).content).toBe('You said: one two three four five six');
});
