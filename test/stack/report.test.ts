import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationClasses } from '#model/operation.ts';
import { renderReport } from '#reports/report.ts';
import { judge } from '#verdict/judge.ts';
import {
  syntheticEvidence,
  syntheticMeta,
  syntheticPlan,
  syntheticSeeded,
  syntheticSteps,
  syntheticVerification,
} from '../synthetic-run.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const folders = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/bin',
  '/Applications/Chromium.app/Contents/MacOS',
];
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const sizes = [
  { width: 1_280, height: 900 },
  { width: 390, height: 844 },
];

let folder: string;
let file: string;
let browser: Browser;

beforeAll(async () => {
  const plan = syntheticPlan();
  const evidence = await syntheticEvidence(plan);
  const input = {
    plan,
    evidence,
    steps: syntheticSteps(),
    seeded: syntheticSeeded,
    verification: syntheticVerification,
  };
  const verdict = judge({ ...input, operations: Object.keys(operationClasses) });
  folder = mkdtempSync(join(tmpdir(), 'soakwave-report-'));
  file = join(folder, 'report.html');
  writeFileSync(file, renderReport({ ...input, verdict, meta: syntheticMeta }));
  browser = await chromium.launch({ executablePath: findChromium(), args });
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(sizes)('the report in a browser without a network, $width pixels wide', (viewport) => {
  it.each(['light', 'dark'] as const)('opens whole in %s', async (colorScheme) => {
    const { page, requests, complaints } = await open({ viewport, colorScheme });
    expect(complaints).toEqual([]);
    expect(requests).toEqual([pathToFileURL(file).href]);
    expect(await page.locator('#verdict .badge').first().textContent()).toBe('✓ Pass');
    const box = await page.locator('#verdict').boundingBox();
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(viewport.height);
    expect(await page.locator('.plot svg').count()).toBe(11);
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
    await page.context().close();
  });
});

describe('the plots of a report', () => {
  it('lie under one another on one time axis', async () => {
    const { page } = await open({ viewport: { width: 1_280, height: 900 }, colorScheme: 'light' });
    const boxes = await Promise.all((await page.locator('.plot svg').all()).map((drawing) => drawing.boundingBox()));
    expect(boxes).toHaveLength(11);
    expect(new Set(boxes.map((box) => `${box?.x} ${box?.width}`)).size).toBe(1);
    await page.context().close();
  });

  it('follow the theme of the page', async () => {
    const lineOf = async (colorScheme: 'light' | 'dark'): Promise<string> => {
      const { page } = await open({ viewport: { width: 1_280, height: 900 }, colorScheme });
      const line = `document.querySelector('#plot-requests path[stroke="var(--s1)"]')`;
      const colour: string = await page.evaluate(`getComputedStyle(${line}).stroke`);
      await page.context().close();
      return colour;
    };
    expect(await lineOf('light')).toBe('rgb(42, 111, 181)');
    expect(await lineOf('dark')).toBe('rgb(106, 169, 233)');
  });
});

interface Look {
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: 'light' | 'dark';
}

/** Whatever the page asks for beyond its own file is refused, and remembered. */
async function open(look: Look): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
  const context = await browser.newContext({ ...look, offline: true });
  const requests: string[] = [];
  const complaints: string[] = [];
  await context.route(/^https?:/, (route) => route.abort());
  const page = await context.newPage();
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(pathToFileURL(file).href);
  return { page, requests, complaints };
}

function findChromium(): string {
  const candidates = names.flatMap((name) => folders.map((each) => join(each, name)));
  const found = candidates.find((path) => isExecutable(path));
  if (found === undefined) throw new Error(`no Chromium found; looked for ${names.join(', ')} on the PATH`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
