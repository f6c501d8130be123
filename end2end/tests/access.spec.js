// For everybody: by keyboard alone, and with nothing that axe finds serious, in both themes.

import { serious, tabTo } from '../support/access.js';
import { expect, newPerson, test } from '../support/test.js';
import { Chat } from '../support/pages.js';

test('a conversation by keyboard alone', async ({ page }) => {
  const person = newPerson();
  const chat = new Chat(page);
  await page.goto('/register');
  for (const value of [person.email, person.username, person.password]) {
    await tabTo(page, (node) => node.matches('input:not([type=hidden])') && node.value === '');
    await page.keyboard.type(value);
  }
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/');
  await tabTo(page, (node) => node.matches('textarea'));
  await page.keyboard.type('Without a mouse.');
  await expect(chat.send).toBeEnabled();
  await page.keyboard.press('Enter');
  await chat.answered();
  await expect(chat.questions).toContainText('Without a mouse.');
  await tabTo(page, (node) => node.matches('nav a[href^="/c/"]'));
  const ring = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  });
  expect(ring, 'what has the focus shows it').toBe(true);
  await page.keyboard.press('Enter');
  await expect(chat.questions).toContainText('Without a mouse.');
});

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing serious in the ${scheme} theme`, async ({ signedIn: page, account, context, expected }) => {
    expected.push(/status of 404/);
    await page.emulateMedia({ colorScheme: scheme });
    const conversation = await account.converse('What does it look like?', 'markdown');
    const found = {};
    for (const path of ['/', `/c/${conversation}`, '/settings', '/c/nonsense', '/nowhere']) {
      await page.goto(path);
      await expect(page.getByRole('main').first()).toBeVisible();
      found[path] = await serious(page);
    }
    const chat = new Chat(page);
    await chat.open(`/c/${conversation}`);
    await chat.openPicker();
    found.picker = await serious(page);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'How the model writes' }).click();
    const dialog = page.getByRole('dialog', { name: 'How the model writes' });
    await dialog.getByRole('textbox', { name: 'Temperature' }).fill('9');
    found.settings = await serious(page);
    await page.keyboard.press('Escape');
    await context.clearCookies();
    for (const path of ['/login', '/register']) {
      await page.goto(path);
      found[path] = await serious(page);
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, remarks]) => remarks.length))).toEqual({});
  });
}
