// What a person without a mouse, or without eyes, would stumble over.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Presses Tab until the wanted element has the focus. */
export async function tabTo(page, wanted) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const there = await page.evaluateHandle(() => document.activeElement);
    if (await there.evaluate(wanted)) return;
  }
  throw new Error('Tab does not lead there.');
}

/** What axe remarks on with weight, in a line each. */
export async function serious(page) {
  return remarks(page, ['serious', 'critical']);
}

/** All that axe remarks on, in a line each. Its script is evaluated, which a page's policy does not forbid. */
export async function remarks(page, impacts = ['minor', 'moderate', 'serious', 'critical']) {
  await page.evaluate(axe);
  return page.evaluate(async (impacts) => {
    const { violations } = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations
      .filter(({ impact }) => impacts.includes(impact))
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} (${node.any[0]?.message ?? node.html})`));
  }, impacts);
}
