// Lia's pages as a person finds their way in them: by role and by name. The tests say what happens, this says where.

import { expect } from '@playwright/test';

/** The page of conversations. */
export class Chat {
  constructor(page) {
    this.page = page;
    this.composer = page.getByRole('textbox', { name: 'Message', exact: true });
    this.model = page.getByRole('button', { name: /^Model: / });
    this.picker = page.getByRole('dialog', { name: 'Models' });
    this.search = this.picker.getByRole('combobox', { name: 'Search models' });
    this.options = this.picker.getByRole('option');
    this.send = page.getByRole('button', { name: 'Send', exact: true });
    this.stop = page.getByRole('button', { name: 'Stop', exact: true });
    this.sidebar = page.getByRole('complementary', { name: 'Conversations' });
    this.questions = this.#messages('You');
    this.answers = this.#messages('Lia');
    this.answer = this.answers.last();
  }

  #messages(author) {
    const { page } = this;
    return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: author, exact: true, level: 2 }) });
  }

  /** Opens a path and waits until the page reacts. */
  async open(path = '/') {
    await this.page.goto(path);
    await this.awake();
  }

  /** Until WASM has taken the page over: what is typed then makes sending possible. */
  async awake() {
    await this.composer.fill('.');
    await expect(this.send).toBeEnabled();
    await this.composer.fill('');
  }

  /** A model in the open picker, by its id. */
  option(id) {
    return this.picker.locator(`[role=option][title="${id}"]`);
  }

  /** Opens the picker and waits for its list. */
  async openPicker() {
    await this.model.click();
    await expect(this.options.first()).toBeVisible();
  }

  /** Chooses a model by its id, unless it is the chosen one. */
  async pick(id) {
    if ((await this.model.textContent()) === `Model: ${id}`) return;
    await this.openPicker();
    await this.search.fill(id);
    await this.option(id).click();
    await expect(this.picker).toBeHidden();
  }

  /** Sends a message to a model. */
  async ask(message, model) {
    await this.pick(model);
    await this.composer.fill(message);
    await expect(this.send).toBeEnabled();
    await this.composer.press('Enter');
    await expect(this.questions.last()).toContainText(message.slice(0, 40));
  }

  /** Waits for the end of the answer. */
  async answered() {
    await expect(this.send).toBeVisible();
    await expect(this.stop).toBeHidden();
  }

  /** The text of the newest answer as it is shown, without the buttons around it. */
  async text() {
    const texts = await this.answer.locator('.answer').evaluateAll((nodes) => nodes.map((node) => node.innerText));
    return (texts.at(-1) ?? '').replace(/\s+/g, ' ').trim();
  }

  /** The id of the conversation that is shown. */
  async conversation() {
    await expect(this.page).toHaveURL(/\/c\/[0-9a-f-]{36}$/);
    return new URL(this.page.url()).pathname.split('/').pop();
  }

  /** A conversation in the sidebar. */
  entry(title) {
    return this.sidebar.getByRole('link', { name: title });
  }

  /** Opens the menu of a conversation in the sidebar and chooses from it. */
  async choose(title, action) {
    await this.sidebar.getByRole('button', { name: `More for “${title}”` }).click();
    await this.page.getByRole('group', { name: 'Conversation', exact: true }).getByRole('button', { name: action }).click();
  }
}

/** Fills in the form of `/login` or `/register` and sends it. */
export async function enter(page, { email, username, password }, button) {
  if (email !== undefined) await page.getByLabel('E-mail').fill(email);
  if (username !== undefined) await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: button }).click();
}
