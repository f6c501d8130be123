// The cable between a browser and a program: it can be cut, held and mended, which no browser's "offline" does to what is
// open already.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Cable {
  #server;
  #pairs = new Set();
  #state = 'whole';

  /** A cable to the program at this address. */
  static async to(url) {
    const cable = new Cable();
    const { port, hostname } = new URL(url);
    cable.#server = createServer((near) => cable.#join(near, Number(port), hostname));
    cable.#server.listen(0, '127.0.0.1');
    await once(cable.#server, 'listening');
    cable.url = `http://127.0.0.1:${cable.#server.address().port}`;
    return cable;
  }

  #join(near, port, host) {
    if (this.#state === 'cut') return near.destroy();
    const far = connect(port, host);
    const pair = { near, far, isStream: false };
    far.on('data', (data) => (pair.isStream ||= /text\/event-stream|101 Switching Protocols/.test(data)));
    this.#pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (data) => to.write(data));
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#state === 'held') this.#pause(pair);
  }

  #pause({ near, far }) {
    near.pause();
    far.pause();
  }

  /** Everything that is open ends, and nothing new comes through. */
  cut() {
    this.#state = 'cut';
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  /**
   * Nothing comes through, and who waits for something to come is not told: a network that has silently become another one.
   * Connections on which nothing is awaited end, as a browser ends them then.
   */
  hold() {
    this.#state = 'held';
    for (const pair of this.#pairs) {
      if (pair.isStream) this.#pause(pair);
      else pair.near.destroy();
    }
  }

  /** New connections come through. What was held stays dead, as after another network was joined. */
  mend() {
    this.#state = 'whole';
  }

  async stop() {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
