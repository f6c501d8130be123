// A vendor with a catalogue and a memory: it stands before the emulator, lists the models a test wants, remembers what it
// was asked, and refuses on request with a body of the test's own.

import { once } from 'node:events';
import { createServer, request } from 'node:http';

export class Vendor {
  /** The bodies of the requests for an answer, oldest first. */
  asked = [];
  /** What `GET /v1/models` lists, by id. */
  models;
  /** What the next requests for an answer get instead of one: `{status, headers, body}`. */
  refusals = [];
  /** Whether it answers at all. */
  isThere = true;

  /** @param {string} target the emulator's address  @param {string[]} models */
  static async start(target, models = []) {
    const vendor = new Vendor();
    vendor.models = models;
    vendor.server = createServer((from, to) => vendor.#serve(target, from, to));
    vendor.server.listen(0, '127.0.0.1');
    await once(vendor.server, 'listening');
    vendor.url = `http://127.0.0.1:${vendor.server.address().port}`;
    return vendor;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #serve(target, from, to) {
    const body = Buffer.concat(await from.toArray());
    const isList = from.method === 'GET' && from.url.endsWith('/models');
    if (isList) return this.#list(from, to);
    this.asked.push(JSON.parse(body));
    if (!this.isThere) return reply(to, { status: 503, body: { error: { message: 'Down.', type: 'server_error' } } });
    const refusal = this.refusals.shift();
    if (refusal) return reply(to, refusal);
    const headers = { ...from.headers };
    delete headers.host;
    const onward = request(target + from.url, { method: from.method, headers });
    onward.on('response', (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.destroy());
    to.on('close', () => onward.destroy());
    onward.end(body);
  }

  /** OpenAI's list, or OpenRouter's with what it says of each model. */
  #list(from, to) {
    const isOpenRouter = from.url.startsWith('/api/');
    const data = this.models.map((id) => (isOpenRouter ? detailed(id) : { id, object: 'model', owned_by: 'vendor' }));
    reply(to, { status: 200, body: { object: 'list', data } });
  }
}

function detailed(id) {
  return {
    id,
    name: `Vendor: ${id.split('/').pop().replaceAll('-', ' ')}`,
    description: 'Answers what it is asked, in as many words as it takes.',
    context_length: 131_072,
    architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
    pricing: { prompt: '0.00000025', completion: '0.000001' },
    supported_parameters: ['temperature', 'max_tokens', 'tools', 'structured_outputs', 'reasoning'],
  };
}

function reply(to, { status, headers = {}, body }) {
  to.writeHead(status, { 'content-type': 'application/json', ...headers });
  to.end(JSON.stringify(body));
}
