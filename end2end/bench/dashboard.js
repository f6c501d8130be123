// The dashboard on many messages, on both engines: how long filling takes, and how long an admin waits for an answer,
// asked over HTTP one question at a time.

import { readFile } from 'node:fs/promises';
import { Client } from '../support/api.js';
import { Lia } from '../support/program.js';
import { report, round } from './report.js';

const MESSAGES = Number(process.env.LIA_MESSAGES ?? 1_000_000);
const USERS = Number(process.env.LIA_USERS ?? 1_000);
// How many days the messages are spread over: the cells of the dashboard are as many.
const DAYS = Number(process.env.LIA_DAYS ?? 365);
const ENGINES = (process.env.LIA_ENGINES ?? 'SQLite Postgres').split(' ');
const ROUNDS = 21;

const today = new Date();
const day = (back) => new Date(today - back * 86_400_000).toISOString().slice(0, 10);
const FILTERS = {
  '': '',
  ', one provider': '&provider=openai',
  ', one model': '&provider=openai&model=gpt-5.2',
  ', one method': '&method=local',
  ', one model and method': '&provider=openai&model=gpt-5.2&method=local',
};
const API = '/api/v1/admin/sentiment';
const questions = { 'thirty days': API };
for (const step of ['day', 'week', 'month']) {
  for (const [what, filter] of Object.entries(FILTERS)) {
    questions[`a year by ${step}${what}`] = `${API}?from=${day(364)}&step=${step}${filter}`;
  }
}
questions['ten years by week'] = `${API}?from=${day(3_640)}&step=week`;
questions['ten years by month'] = `${API}?from=${day(3_640)}&step=month`;
questions['a year by day, the page'] = `/admin?from=${day(364)}`;
questions['a year by day, as CSV'] = `${API}/export.csv?from=${day(364)}`;

/** A Lia that serves what so many people wrote, its admin, and how long inventing that took. */
async function filled(env) {
  const lia = await Lia.start({ env });
  // Whoever comes first is the admin.
  const admin = await Client.register(lia.url);
  const began = performance.now();
  await lia.fill({ messages: MESSAGES, users: USERS, days: DAYS });
  return { lia, admin, seconds: (performance.now() - began) / 1000 };
}

/** Milliseconds of Lia's processor time so far: Linux shows a hundred ticks a second on every machine. */
async function processorMs(lia) {
  const stat = await readFile(`/proc/${lia.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The time in the middle, the longest, and what Lia's own processor time was for each, in milliseconds. */
async function ask(lia, admin, path) {
  const times = [];
  const before = await processorMs(lia);
  for (let index = 0; index < ROUNDS; index += 1) {
    const began = performance.now();
    const response = await admin.call('GET', path);
    const text = await response.text();
    times.push(performance.now() - began);
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  }
  const processor = ((await processorMs(lia)) - before) / ROUNDS;
  times.sort((a, b) => a - b);
  return { middle: times[Math.floor(ROUNDS / 2)], longest: times.at(-1), processor };
}

const figures = {};
for (const engine of ENGINES) {
  const env = engine === 'Postgres' ? { DATABASE_URL: process.env.LIA_POSTGRES } : {};
  const { lia, admin, seconds } = await filled(env);
  figures[`${engine}: filling ${MESSAGES} messages`] = { value: round(seconds), unit: 's' };
  for (const [what, path] of Object.entries(questions)) {
    const { middle, longest, processor } = await ask(lia, admin, path);
    const unit = `ms (longest of ${ROUNDS}: ${round(longest, 1)}, processor ${round(processor, 1)})`;
    figures[`${engine}: ${what}`] = { value: round(middle, 1), unit };
  }
  await lia.stop();
}
await report('dashboard', figures);
