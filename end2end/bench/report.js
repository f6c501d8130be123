// How a figure is told: on the terminal for README.md, and as JSON in bench-results/ for comparing.

import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = resolve(dirname(fileURLToPath(import.meta.url)), '../../bench-results');

const [processor] = cpus();
const machine = `${cpus().length} × ${processor.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const date = new Date().toISOString().slice(0, 10);

/** The machine and the day, without which no figure means anything. */
export function origin() {
  return `${machine}, ${date}`;
}

/**
 * Prints and keeps the figures of one benchmark.
 *
 * @param {string} name the benchmark
 * @param {Record<string, {value: number, unit: string}>} figures what was measured, by its name for people
 */
export async function report(name, figures) {
  console.log(`${name} (${origin()})`);
  for (const [what, { value, unit }] of Object.entries(figures)) {
    console.log(`  ${what.padEnd(44)} ${String(value).padStart(9)} ${unit}`);
  }
  await keep(name, { figures });
}

/** Keeps what a benchmark measured, with its origin, in bench-results/. */
export async function keep(name, results) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify({ name, date, machine, ...results }, null, 2)}\n`);
}

/** The value in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** A number with so many digits behind the point. */
export function round(value, digits = 0) {
  return Number(value.toFixed(digits));
}
