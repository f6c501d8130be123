// Relaying: what Lia adds to the answers of a provider, on both engines, beside the same answers taken straight from
// the provider's stand-in. Rounds take turns, so that a machine that is busy with something else is busy for all.

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Client } from '../support/api.js';
import { Emulator, Lia } from '../support/program.js';
import { keep, median, origin, round } from './report.js';

const ROUNDS = 3;
/** The streams take turns with so many users. */
const USERS = 10;
const HELD = 2000;
/** Seconds. Answers of a hundred tokens at two a second last longer than the two together. */
const HELD_OPENING = 20;
const HELD_OPEN = 10;

const DIRECT = 'emulator';
const SQLITE = 'SQLite';
const POSTGRES = 'Postgres';

const run = promisify(execFile);

/** Runs the load generator and gives what it measured. */
async function load(url, tokens, task, options) {
  const users = tokens.flatMap((token) => ['--token', token]);
  const others = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await run(process.env.LIA_LOAD, [task, '--address', new URL(url).host, ...others, ...users]);
  return JSON.parse(stdout);
}

/** One Lia with users, and what /proc says of her. */
class Measured {
  static async start(engine, provider, database = process.env.LIA_POSTGRES) {
    const measured = new Measured();
    const env = engine === POSTGRES ? { DATABASE_URL: database } : {};
    measured.lia = await Lia.start({ provider, env });
    const users = [];
    for (let user = 0; user < USERS; user += 1) users.push(await Client.register(measured.lia.url));
    measured.tokens = users.map((user) => user.token);
    // So that no measured request waits for the provider's list of models.
    await users[0].get('/api/v1/chat/models');
    return measured;
  }

  load(task, options) {
    return load(this.lia.url, this.tokens, task, options);
  }

  /** Milliseconds of processor time so far: Linux shows a hundred ticks a second on every machine. */
  async processorMs() {
    const stat = await readFile(`/proc/${this.lia.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** The most memory that was resident since the last call of `forgetPeak`, in MB. */
  async peakMb() {
    const status = await readFile(`/proc/${this.lia.pid}/status`, 'utf8');
    return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)[1]) * 1024) / 1e6;
  }

  async forgetPeak() {
    await writeFile(`/proc/${this.lia.pid}/clear_refs`, '5');
  }
}

/** The medians of several rounds' figures, field by field. */
function medians(rounds) {
  return Object.fromEntries(Object.keys(rounds[0]).map((field) => [field, median(rounds.map((figures) => figures[field]))]));
}

/** Asks everybody in turns, a few times. The figures by who was asked. */
async function measure(emulator, engines, options) {
  const rounds = { [DIRECT]: [], [SQLITE]: [], [POSTGRES]: [] };
  for (const measured of Object.values(engines)) await measured.forgetPeak();
  for (let index = 0; index < ROUNDS; index += 1) {
    rounds[DIRECT].push(await load(emulator.url, [], 'answers', options));
    for (const [engine, measured] of Object.entries(engines)) {
      const before = await measured.processorMs();
      const figures = await measured.load('answers', options);
      const spent = (await measured.processorMs()) - before;
      rounds[engine].push({ ...figures, cpu_ms: spent / figures.answers, peak_mb: await measured.peakMb() });
    }
  }
  return Object.fromEntries(Object.entries(rounds).map(([who, figures]) => [who, medians(figures)]));
}

/** A figure of one engine against its aim. */
function against(value, aim, digits) {
  const met = 'most' in aim ? value <= aim.most : value >= aim.least;
  return { text: `${round(value, digits)} ${met ? 'met' : 'MISSED'}`, value, ...aim, met };
}

const table = [];
const aims = [];

/** A line of the table; a cell is a number, or what `against` made. */
function line(what, cells, digits = 1) {
  const text = (cell) => (cell === undefined ? '' : String(cell.text ?? round(cell, digits)));
  table.push([what, text(cells[DIRECT]), text(cells[SQLITE]), text(cells[POSTGRES])]);
  for (const engine of [SQLITE, POSTGRES]) {
    const { text: shown, ...aim } = Object(cells[engine]);
    if (shown) aims.push({ what: what.trim(), engine, ...aim });
  }
}

function pacedLines(paced) {
  const direct = paced[DIRECT];
  const row = (what, field, digits, who = [DIRECT, SQLITE, POSTGRES]) =>
    line(what, Object.fromEntries(who.map((name) => [name, paced[name][field]])), digits);
  const added = (engine, field, most) => against(paced[engine][field] - direct[field], { most }, 2);
  row('paced, 50 streams of 50 tokens/s: first token p50, ms', 'p50', 2);
  line('  added (aims: 2 and 3)', { [SQLITE]: added(SQLITE, 'p50', 2), [POSTGRES]: added(POSTGRES, 'p50', 3) });
  row('  first token p99, ms', 'p99', 2);
  line('  added (aim: 15)', { [SQLITE]: added(SQLITE, 'p99', 15), [POSTGRES]: added(POSTGRES, 'p99', 15) });
  row('  CPU an answer, ms', 'cpu_ms', 2, [SQLITE, POSTGRES]);
}

function fullSpeedLines(streams, measured) {
  const row = (what, field, digits, who = [SQLITE, POSTGRES]) =>
    line(what, Object.fromEntries(who.map((name) => [name, measured[name][field]])), digits);
  const share = (engine) => against((100 * measured[engine].per_second) / measured[DIRECT].per_second, { least: 15 }, 1);
  row(`full speed, ${streams} streams: saved answers/s`, 'per_second', 0, [DIRECT, SQLITE, POSTGRES]);
  line('  % of the emulator (aim: 15)', { [SQLITE]: share(SQLITE), [POSTGRES]: share(POSTGRES) });
  row('  CPU an answer, ms', 'cpu_ms', 2);
  row('  peak memory, MB', 'peak_mb', 0);
}

/** Streams that all wait for their next word, on a Lia that has done nothing else. */
async function hold(engine, emulator) {
  const measured = await Measured.start(engine, emulator.url, process.env.LIA_POSTGRES_HELD);
  try {
    await measured.forgetPeak();
    const options = { streams: HELD, pace: 2, spread: HELD_OPENING, seconds: HELD_OPEN };
    const figures = await measured.load('held', options);
    if (figures.open < HELD || figures.alive < HELD) {
      throw new Error(`of ${HELD} streams ${figures.open} were open and ${figures.alive} went on`);
    }
    return { ...figures, peak_mb: await measured.peakMb() };
  } finally {
    // What is still being written would be written for a minute.
    await measured.lia.kill();
    await measured.lia.stop();
  }
}

const emulator = await Emulator.start();
const engines = {};
const figures = {};
try {
  for (const engine of [SQLITE, POSTGRES]) engines[engine] = await Measured.start(engine, emulator.url);
  figures.paced = await measure(emulator, engines, { streams: 50, pace: 50, seconds: 12, 'warm-up': 0, spread: 2 });
  pacedLines(figures.paced);
  for (const streams of [50, 500]) {
    figures[`full speed ${streams}`] = await measure(emulator, engines, { streams, seconds: 4 });
    fullSpeedLines(streams, figures[`full speed ${streams}`]);
  }
  for (const measured of Object.values(engines)) await measured.lia.stop();
  const held = {};
  for (const engine of [SQLITE, POSTGRES]) held[engine] = await hold(engine, emulator);
  figures.held = held;
  const peak = (engine) => against(held[engine].peak_mb, { most: 150 }, 0);
  line(`held open, ${HELD} streams: peak memory, MB (aim: 150)`, { [SQLITE]: peak(SQLITE), [POSTGRES]: peak(POSTGRES) });
} finally {
  for (const measured of Object.values(engines)) await measured.lia.stop();
  await emulator.stop();
}

console.log(`relay: answers of 100 tokens, each in a new conversation; medians of ${ROUNDS} rounds (${origin()})`);
for (const [what, ...cells] of [['', DIRECT, SQLITE, POSTGRES], ...table]) {
  console.log(`  ${what.padEnd(54)}${cells.map((cell) => cell.padStart(14)).join('')}`);
}
await keep('relay', { aims, figures });
