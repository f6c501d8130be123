// Which model answers and how it writes: the picker, its favourites and its memory, and the settings.

import { expect, test } from '../support/test.js';
import { Client } from '../support/api.js';
import { signIn } from '../support/session.js';
import { Chat } from '../support/pages.js';

/** A page of somebody signed in at a Lia of the test's own. */
async function enterAt(lia, page, context) {
  const client = await Client.register(lia.url);
  await signIn(context, lia.url, client.person);
  const chat = new Chat(page);
  await chat.open(`${lia.url}/`);
  return { chat, client };
}

/** Waits for the answer of a server function that the action asks. */
async function saved(page, name, action) {
  const answer = page.waitForResponse((response) => response.url().endsWith(`/fn/${name}`));
  await action();
  expect((await answer).ok()).toBe(true);
}

test('a model is found and chosen by keyboard alone', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.model.focus();
  await page.keyboard.press('Enter');
  await expect(chat.search).toBeFocused();
  await expect(chat.options.first()).toBeVisible();
  const active = () => chat.picker.locator('.active').getAttribute('title');
  const announced = async () => page.locator(`#${await chat.search.getAttribute('aria-activedescendant')}`).getAttribute('title');

  await page.keyboard.press('End');
  const last = await active();
  await page.keyboard.press('ArrowDown');
  const first = await active();
  expect(first).not.toBe(last);
  expect(await announced()).toBe(first);
  await page.keyboard.press('ArrowUp');
  expect(await active()).toBe(last);
  await page.keyboard.press('Home');
  expect(await active()).toBe(first);

  await page.keyboard.press('Escape');
  await expect(chat.picker).toBeHidden();
  await expect(chat.model).toBeFocused();

  await page.keyboard.press('Enter');
  await page.keyboard.type('openai MARK');
  await expect(chat.options).toHaveCount(1);
  expect(await active()).toBe('markdown');
  await saved(page, 'save_preferences', () => page.keyboard.press('Enter'));
  await expect(chat.picker).toBeHidden();
  await expect(chat.model).toBeFocused();
  await expect(chat.model).toHaveAccessibleName('Model: markdown');

  await page.keyboard.press('Enter');
  await expect(chat.option('markdown')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.type('nobody is called so');
  await expect(chat.picker.getByRole('status')).toHaveText('No model is called “nobody is called so”.');
  await expect(chat.options).toHaveCount(0);
});

test('favourites stand on top and stay there', async ({ signedIn: page }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.openPicker();
  const favourites = chat.picker.getByRole('group', { name: 'Favourites' });
  await expect(favourites).toHaveCount(0);
  // One by keyboard: Tab leads from the field to the mark of the active model.
  await chat.search.fill('hostile');
  const mark = chat.picker.getByRole('button', { name: 'Add to favourites: hostile' });
  await mark.focus();
  await saved(page, 'save_preferences', () => page.keyboard.press('Enter'));
  await chat.search.fill('');
  // One by pointer.
  await chat.option('think').hover();
  await saved(page, 'save_preferences', () => chat.option('think').locator('.star').click());
  await expect(chat.picker).toBeVisible();
  await page.reload();
  await chat.awake();
  await chat.openPicker();
  await expect(favourites.getByRole('option')).toHaveCount(2);
  await expect(favourites.getByRole('option').first()).toHaveAccessibleName(/^hostile.*favourite/);
  await expect(chat.option('think')).toHaveCount(1);
  await saved(page, 'save_preferences', () => chat.option('hostile').locator('.star').click());
  await expect(favourites.getByRole('option')).toHaveCount(1);
});

test('each conversation keeps its model, and new ones take the last', async ({ signedIn: page, lia, browser, account }) => {
  const chat = new Chat(page);
  await chat.open('/');
  await chat.ask('The first one', 'echo');
  await chat.answered();
  await page.getByRole('link', { name: 'New chat' }).click();
  await chat.ask('The second one', 'markdown');
  await chat.answered();
  await chat.entry('The first one').click();
  await expect(chat.model).toHaveAccessibleName('Model: echo');
  // Chosen and not yet used counts as well.
  await saved(page, 'choose_model', () => chat.pick('think'));
  await chat.entry('The second one').click();
  await expect(chat.model).toHaveAccessibleName('Model: markdown');
  await page.getByRole('link', { name: 'New chat' }).click();
  await expect(chat.model).toHaveAccessibleName('Model: think');

  // In another browser, too: it is not this one that remembers.
  const elsewhere = await browser.newContext({ baseURL: lia.url });
  await signIn(elsewhere, lia.url, account.person);
  const other = new Chat(await elsewhere.newPage());
  await other.open('/');
  await expect(other.model).toHaveAccessibleName('Model: think');
  await other.entry('The second one').click();
  await expect(other.model).toHaveAccessibleName('Model: markdown');
  await other.entry('The first one').click();
  await expect(other.model).toHaveAccessibleName('Model: think');
  await elsewhere.close();
});

test('hundreds of models are searched at once, with what they can do and cost', async ({ page, context, startLia, vendor }) => {
  vendor.models = Array.from({ length: 400 }, (_, index) => `maker-${index % 20}/model-${index}`);
  const lia = await startLia({ env: { OPENROUTER_BASE_URL: `${vendor.url}/api`, OPENROUTER_API_KEY: 'sk-vendor' } });
  const { chat } = await enterAt(lia, page, context);
  expect(await page.content()).not.toContain('maker-7/model-27');
  await chat.openPicker();
  const group = chat.picker.getByRole('group', { name: 'OpenRouter' });
  await expect(group).toContainText('380 more: type to find them');
  await chat.search.fill('maker-7 model-327');
  await expect(chat.options).toHaveCount(1);
  const found = chat.option('maker-7/model-327');
  await expect(found).toContainText('131K tokens · $0.25 in, $1 out per million');
  for (const capability of ['Reads images', 'Thinks first', 'Uses tools']) {
    await expect(found).toHaveAccessibleName(new RegExp(capability));
  }
  await saved(page, 'save_preferences', () => page.keyboard.press('Enter'));
  await page.reload();
  await chat.awake();
  await expect(chat.model).toContainText('model 327');
  await chat.openPicker();
  // The chosen one is there although its group is cut.
  await expect(found).toHaveAttribute('aria-selected', 'true');
});

test('a provider that cannot be asked is listed with the reason', async ({ page, context, startLia, vendor }) => {
  // Ollama is configured and not there: see `Lia.start`.
  vendor.models = ['gpt-5-mini'];
  const lia = await startLia({ provider: vendor.url });
  const { chat } = await enterAt(lia, page, context);
  await chat.openPicker();
  await expect(chat.picker.getByRole('group', { name: /^Ollama: .*(reached|answering)/ })).toBeVisible();
});

test('how the model writes: bounds, defaults, and what reaches the provider', async ({ page, context, startLia, vendor }) => {
  vendor.models = ['gpt-4.1'];
  const lia = await startLia({ provider: vendor.url });
  const { chat } = await enterAt(lia, page, context);
  const dialog = page.getByRole('dialog', { name: 'How the model writes' });
  const open = async () => {
    await page.getByRole('button', { name: 'How the model writes' }).click();
    await expect(dialog.getByRole('textbox', { name: 'Temperature' })).toBeEnabled();
  };
  const field = (name) => dialog.getByRole('textbox', { name, exact: true });
  const save = dialog.getByRole('button', { name: 'Save' });

  await open();
  await expect(field('Temperature')).toHaveValue('');
  for (const [name, wrong, bounds] of [
    ['Temperature', '2.1', /0 to 2/],
    ['Max tokens', '32001', /1 to 32000/],
    ['Top P', '-0.1', /0 to 1/],
    ['Frequency penalty', '3', /-2 to 2/],
    ['Presence penalty', 'much', /-2 to 2/],
  ]) {
    await field(name).fill(wrong);
    await expect(field(name)).toHaveAttribute('aria-invalid', 'true');
    await expect(field(name)).toHaveAccessibleDescription(bounds);
    await expect(save).toBeDisabled();
    await field(name).fill('');
    await expect(save).toBeEnabled();
  }
  await field('Temperature').fill('0.35');
  const slider = dialog.getByRole('slider', { name: 'Temperature' });
  await expect(slider).toHaveValue('35');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await expect(field('Temperature')).toHaveValue('0.4');
  await field('Max tokens').fill('1234');
  await field('Presence penalty').fill('-0.5');
  await saved(page, 'save_preferences', () => page.keyboard.press('Enter'));
  await expect(dialog).toBeHidden();

  await chat.composer.fill('How do you write?');
  await chat.composer.press('Enter');
  await chat.answered();
  const [request] = vendor.asked;
  expect(request.temperature).toBeCloseTo(0.4);
  expect(request.max_tokens ?? request.max_completion_tokens).toBe(1234);
  expect(request.presence_penalty).toBeCloseTo(-0.5);
  expect(request).not.toHaveProperty('top_p');

  // The same in the settings; what was typed and not saved is forgotten.
  await page.goto(`${lia.url}/settings`);
  await expect(async () => {
    await page.getByRole('button', { name: 'Change how models write' }).click();
    await expect(dialog).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(field('Temperature')).toHaveValue('0.4');
  await field('Temperature').fill('1.9');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Change how models write' }).click();
  await expect(field('Temperature')).toHaveValue('0.4');
  await dialog.getByRole('button', { name: 'Reset to defaults' }).click();
  await expect(field('Temperature')).toHaveValue('');
  await saved(page, 'save_preferences', () => save.click());
  await chat.open(`${lia.url}/`);
  await chat.composer.fill('And now?');
  await chat.composer.press('Enter');
  await chat.answered();
  expect(vendor.asked.at(-1)).not.toHaveProperty('temperature');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('the picker is a sheet at the bottom', async ({ signedIn: page }) => {
    const chat = new Chat(page);
    await chat.open('/');
    await chat.openPicker();
    await expect.poll(async () => (await chat.picker.boundingBox()).width).toBe(390);
    const box = await chat.picker.boundingBox();
    expect(box.y + box.height).toBeCloseTo(844, 0);
    // No keyboard comes up over it by itself.
    await expect(chat.search).not.toBeFocused();
    await chat.option('markdown').tap();
    await expect(chat.picker).toBeHidden();
    await expect(chat.model).toHaveAccessibleName('Model: markdown');
  });
});
