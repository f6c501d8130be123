// Parts of the page whose code comes when they are first used, and what happens when it does not come.

import { expect, test } from '../support/test.js';
import { Chat } from '../support/pages.js';

const PARTS = /\/pkg\/split_(?!draft|waiting)[^/]*\.wasm$/;

test('a conversation is read and written with no more code than that takes', async ({ signedIn: page }) => {
  const parts = [];
  page.on('request', (request) => {
    if (PARTS.test(request.url())) parts.push(request.url());
  });
  const chat = new Chat(page);
  await chat.open('/');
  await chat.composer.fill('Good morning');
  await chat.composer.press('Enter');
  await chat.answered();
  expect(parts).toEqual([]);
  await chat.openPicker();
  expect(parts).toEqual([expect.stringContaining('split_picker')]);
});

test.describe('a part that is gone', () => {
  test.use({ expected: [/404|WebAssembly|Failed to fetch|MIME/] });

  test('brings the page anew, once, and then says so', async ({ signedIn: page }) => {
    const chat = new Chat(page);
    let isGone = true;
    await page.route(PARTS, (route) => (isGone ? route.fulfill({ status: 404, body: '' }) : route.continue()));
    await chat.open('/');
    await chat.composer.fill('Half a thought');
    const [again] = await Promise.all([page.waitForEvent('load'), chat.model.click()]);
    await again.waitForLoadState();
    await expect(chat.composer).toHaveValue('Half a thought');
    await expect(chat.send).toBeEnabled();

    const loads = [];
    page.on('load', () => loads.push(page.url()));
    await chat.model.click();
    await expect(page.getByRole('alert')).toContainText('could not be loaded');
    expect(loads).toEqual([]);

    isGone = false;
    await page.keyboard.press('Escape');
    await expect(chat.picker).toBeHidden();
    await chat.openPicker();
    await expect(chat.composer).toHaveValue('Half a thought');
  });
});
