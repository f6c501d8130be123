// Starts and ends the programs under test: Lia herself, and the emulator that stands in for a provider.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const programs = {
  lia: process.env.LIA_PROGRAM ?? join(repository, 'target/quick/lia'),
  emulator: process.env.LIA_EMULATOR ?? join(repository, 'target/quick/emulator'),
};
const site = process.env.LIA_SITE ?? join(repository, 'target/site');

/** A port that was free a moment ago. */
async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A process that answers HTTP. Its output is kept for the one who has to find out why a test failed. */
class Program {
  #path;
  #args;
  #env;
  #ready;
  #child = null;
  output = '';

  constructor({ path, args, env, ready }) {
    this.#path = path;
    this.#args = args;
    this.#env = env;
    this.#ready = ready;
  }

  /** Milliseconds from the start of the process to its first answer. */
  async start(cwd) {
    const began = performance.now();
    // Nothing of the developer's own settings and keys reaches the program.
    const env = { PATH: process.env.PATH, HOME: cwd, RUST_BACKTRACE: '1', ...this.#env };
    const child = spawn(this.#path, this.#args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let failure = null;
    child.on('error', (error) => (failure = error));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => (this.output += text));
    }
    while (performance.now() - began < 20_000) {
      if (failure || child.exitCode !== null) break;
      if (await answers(this.#ready)) return performance.now() - began;
      await new Promise((resume) => setTimeout(resume, 2));
    }
    throw new Error(`${this.#path} did not start: ${failure ?? 'no answer'}\n${this.output}`);
  }

  get pid() {
    return this.#child.pid;
  }

  /** Ends the process with a signal and waits until it is gone. */
  async end(signal) {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(late);
  }
}

async function answers(url) {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** The stand-in for a provider: the model's name says how it answers, see `emulator --help`. */
export class Emulator {
  static async start() {
    const port = await freePort();
    const emulator = new Emulator();
    emulator.url = `http://127.0.0.1:${port}`;
    emulator.program = new Program({
      path: programs.emulator,
      args: ['--port', String(port)],
      env: {},
      ready: `${emulator.url}/v1/models`,
    });
    await emulator.program.start(tmpdir());
    return emulator;
  }

  /** Lets the answers go on that a model `hold-N` holds. */
  async release() {
    await fetch(`${this.url}/emulator/release`, { method: 'POST' });
  }

  async stop() {
    await this.program.end('SIGKILL');
  }
}

/** Lia with a data folder of her own. */
export class Lia {
  /**
   * @param {{provider?: string, env?: Record<string, string>}} options the address of an OpenAI provider, and further
   *   settings
   */
  static async start({ provider, env = {} } = {}) {
    const lia = new Lia();
    const port = await freePort();
    lia.url = `http://127.0.0.1:${port}`;
    lia.folder = await mkdtemp(join(tmpdir(), 'lia-end2end-'));
    lia.env = env;
    lia.program = new Program({
      path: programs.lia,
      args: ['serve'],
      env: {
        PORT: String(port),
        LEPTOS_SITE_ROOT: site,
        RATE_LIMIT_ENABLED: 'false',
        LIA_SHUTDOWN_SECONDS: '0',
        // An Ollama of this machine is no part of the test: nothing listens at the discard port.
        OLLAMA_BASE_URL: 'http://127.0.0.1:9',
        ...(provider ? { OPENAI_BASE_URL: provider, OPENAI_API_KEY: 'sk-emulator' } : {}),
        ...env,
      },
      ready: `${lia.url}/health/live`,
    });
    lia.startedInMs = await lia.program.start(lia.folder);
    return lia;
  }

  get output() {
    return this.program.output;
  }

  get pid() {
    return this.program.pid;
  }

  /** Invents people and what they wrote, with `lia admin fill`, and serves again. */
  async fill({ messages, users, days = 365 }) {
    await this.kill();
    const env = { PATH: process.env.PATH, HOME: this.folder, OLLAMA_BASE_URL: 'http://127.0.0.1:9', ...this.env };
    const args = ['admin', 'fill', '--force', '--messages', String(messages), '--users', String(users), '--days', String(days)];
    await run(programs.lia, args, { cwd: this.folder, env });
    await this.startAgain();
  }

  /** The end nobody can prepare for. */
  async kill() {
    await this.program.end('SIGKILL');
  }

  /** Starts it again on the same data, at the same address. */
  async startAgain() {
    this.startedInMs = await this.program.start(this.folder);
  }

  async stop() {
    await this.program.end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}
