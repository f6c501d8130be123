// Shortens the names by which the browser's half calls the browser: wasm-bindgen gives each function one of some thirty
// letters with a hash in it, in the script and in the WASM, and hashes do not compress. 7 kB of the first load.
//
//     node shorten.mjs FOLDER
//
// FOLDER is where cargo-leptos has put both files, and their compressed copies, under the hashes of what they were. A short
// name is the place of the long one among all that there are. So both files agree whatever a browser has kept of an earlier
// build: where one name is another, both files were others before, and have other hashes. Files that are short already stay
// as they are.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const LONG = /__wb\w+?_[0-9a-f]{16}(?!\w)/g;
const IMPORTS = 2;

const [folder] = process.argv.slice(2);
const files = readdirSync(folder);
const script = find(/^lia\.(?!d\.).*\.js$/);
const wasm = find(/^lia\..*\.wasm$/);
const before = { script: readFileSync(script, 'utf8'), wasm: readFileSync(wasm) };
const longNames = [...new Set(before.script.match(LONG))].sort();
if (longNames.length > 0) {
  const names = new Map(longNames.map((name, index) => [name, `$${index.toString(36)}`]));
  write(script, Buffer.from(before.script.replace(LONG, (name) => names.get(name))));
  write(wasm, renamed(before.wasm, (name) => names.get(name) ?? name));
}

function find(pattern) {
  const found = files.filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${folder} should hold one file like ${pattern}, and holds: ${found}`);
  return join(folder, found[0]);
}

/** Writes a file, and again what was compressed of it. */
function write(path, bytes) {
  writeFileSync(path, bytes);
  const brotli = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: brotli }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}

/** A module with other names for what it imports. Of its sections only that of the imports is read. */
function renamed(module, nameOf) {
  const parts = [module.subarray(0, 8)];
  for (let at = 8; at < module.length; ) {
    const [length, start] = number(module, at + 1);
    const end = start + length;
    if (module[at] === IMPORTS) {
      const imports = renamedImports(module.subarray(start, end), nameOf);
      parts.push(Buffer.of(IMPORTS), written(imports.length), imports);
    } else {
      parts.push(module.subarray(at, end));
    }
    at = end;
  }
  return Buffer.concat(parts);
}

function renamedImports(section, nameOf) {
  let [count, at] = number(section, 0);
  const parts = [written(count)];
  for (; count > 0; count -= 1) {
    const source = text(section, at);
    const name = text(section, source.end);
    at = afterKind(section, name.end);
    const short = Buffer.from(nameOf(name.text));
    parts.push(section.subarray(source.start, source.end), written(short.length), short, section.subarray(name.end, at));
  }
  return Buffer.concat(parts);
}

/** What follows the description of an import: of a function, a table, a memory, a global or a tag. */
function afterKind(section, at) {
  const [kind] = section.subarray(at);
  if (kind === 0) return number(section, at + 1)[1];
  if (kind === 1) return afterLimits(section, at + 2);
  if (kind === 2) return afterLimits(section, at + 1);
  if (kind === 3) return at + 3;
  if (kind === 4) return number(section, at + 2)[1];
  throw new Error(`An import is of the unknown kind ${kind}.`);
}

function afterLimits(section, at) {
  const hasMaximum = (section[at] & 1) === 1;
  const [, afterMinimum] = number(section, at + 1);
  return hasMaximum ? number(section, afterMinimum)[1] : afterMinimum;
}

function text(bytes, start) {
  const [length, from] = number(bytes, start);
  return { start, end: from + length, text: bytes.toString('utf8', from, from + length) };
}

/** A number as WASM writes it, seven bits in a byte, and where it ends. */
function number(bytes, at) {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++];
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at];
  }
}

function written(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.of(...bytes, value);
}
