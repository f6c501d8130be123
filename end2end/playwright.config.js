// How Playwright runs: the browser of this machine, each worker with a program and a provider of its own.

import { defineConfig } from '@playwright/test';
import { chromium } from './support/browser.js';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'results',
  // A test that fails once has found something, in Lia or in itself: it is printed as flaky, with its trace, and is to be mended.
  // Only what fails twice holds everything else up.
  retries: 1,
  workers: 2,
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list', { printSteps: false }]],
  use: {
    browserName: 'chromium',
    launchOptions: chromium,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
});
