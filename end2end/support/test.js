// What every browser test stands on: a program and a provider per worker, a signed-in page where one is wanted, and the
// rule that no page may complain: no error in the console, no refused script, no failed hydration, no answer of 500.

import { expect, test as base } from '@playwright/test';
import { Client, newPerson } from './api.js';
import { Emulator, Lia } from './program.js';
import { signIn } from './session.js';
import { Vendor } from './vendor.js';

export { expect, newPerson };

export const test = base.extend({
  emulator: [
    async ({}, use) => {
      const emulator = await Emulator.start();
      await use(emulator);
      await emulator.stop();
    },
    { scope: 'worker' },
  ],

  lia: [
    async ({ emulator }, use) => {
      const lia = await Lia.start({ provider: emulator.url });
      await use(lia);
      await lia.stop();
    },
    { scope: 'worker' },
  ],

  /** A Lia of the test's own, for tests that end it or want other settings: `await startLia({ env })`. */
  startLia: async ({ emulator, context }, use, testInfo) => {
    const started = [];
    await use(async (options = {}) => {
      const lia = await Lia.start({ provider: emulator.url, ...options });
      started.push(lia);
      return lia;
    });
    // A page that is still open would ask on, and complain of a Lia that goes down.
    for (const page of context.pages()) await page.goto('about:blank');
    for (const lia of started) {
      if (testInfo.error) await testInfo.attach('log of lia', { body: lia.output });
      await lia.stop();
    }
  },

  /** A vendor of the test's own before the emulator, for tests that say what it lists and refuses, or look at what it was asked. */
  vendor: async ({ emulator }, use) => {
    const vendor = await Vendor.start(emulator.url);
    await use(vendor);
    await vendor.stop();
  },

  baseURL: async ({ lia }, use) => {
    await use(lia.url);
  },

  /** Complaints that the test is about: patterns of console lines. */
  expected: async ({}, use) => {
    await use([]);
  },

  context: async ({ context, expected, lia }, use, testInfo) => {
    const complaints = watch(context);
    await use(context);
    if (testInfo.error) await testInfo.attach('log of lia', { body: lia.output.slice(-20_000) });
    expect(complaints.filter((line) => !expected.some((pattern) => pattern.test(line)))).toEqual([]);
  },

  /** An account of the test's own, not signed in anywhere. */
  account: async ({ lia }, use) => {
    await use(await Client.register(lia.url));
  },

  /** Another browser in which `account` is signed in, on another device: its page. */
  device: async ({ browser, account, lia, expected }, use) => {
    const context = await browser.newContext({ baseURL: lia.url, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const complaints = watch(context);
    await signIn(context, lia.url, account.person);
    await use(await context.newPage());
    await context.close();
    expect(complaints.filter((line) => !expected.some((pattern) => pattern.test(line)))).toEqual([]);
  },

  /** The page of a browser in which `account` is signed in. */
  signedIn: async ({ page, context, account, lia }, use) => {
    await signIn(context, lia.url, account.person);
    await use(page);
  },
});

/** Collects what the pages of a context complain about. */
function watch(context) {
  const complaints = [];
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => complaints.push(`exception: ${error.error().message}`));
  context.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`answer ${response.status()}: ${response.url()}`);
  });
  return complaints;
}
