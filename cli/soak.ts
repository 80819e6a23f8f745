#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, readEnvironment } from '#workers/wiring/environment.ts';
import { createService } from '#workers/wiring/service.ts';
import { runCommandLine } from './command-line.ts';
import { exitCodes } from './exit-codes.ts';

/** A reader that goes away (`soak list | head -1`) ends us quietly, as it would any tool; runs go on. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitCodes.brokenPipe : exitCodes.internal);
  });
}

/** What fails where nobody waits for it is a failure of ours, with one exception that says nothing about the run. */
process.on('uncaughtException', (error) => {
  // Temporal's client tries failed calls again by a timer of its own, also when its channel was closed meanwhile.
  if (error.message === 'Channel has been shut down') return;
  process.stderr.write(`${error.stack ?? error.message}\n`, () => process.exit(exitCodes.internal));
});

process.exitCode = await main();
// A connection that is slow to close, or a wait for a run that was detached from, must not hold the terminal.
setTimeout(() => process.exit(), 50).unref();

async function main(): Promise<number> {
  const err = (text: string): void => void process.stderr.write(`${text}\n`);
  let environment: Environment;
  try {
    environment = readEnvironment();
  } catch (error) {
    err(error instanceof Error ? error.message : String(error));
    return exitCodes.usage;
  }
  const { interrupted, release } = listenForInterrupts(err);
  const isInteractive = process.stdout.isTTY;
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  try {
    return await runCommandLine(process.argv.slice(2), {
      version: manifest.version,
      createService: () => createService(environment),
      out: (text) => void process.stdout.write(`${text}\n`),
      err,
      terminal: {
        isInteractive,
        columns: isInteractive ? process.stdout.columns : 120,
        colour: isInteractive && environment.colour,
        write: (text) => void process.stdout.write(text),
      },
      isCi: environment.ci,
      interrupted,
      now: Date.now,
      sleep: (ms) => sleep(ms),
    });
  } finally {
    release();
  }
}

/** The first interrupt detaches; a second one, for somebody whose patience is over, ends us at once. */
function listenForInterrupts(err: (text: string) => void): { interrupted: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const listen = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    err('');
  };
  process.on('SIGINT', listen);
  process.on('SIGTERM', listen);
  return {
    interrupted: controller.signal,
    release: () => {
      process.off('SIGINT', listen);
      process.off('SIGTERM', listen);
    },
  };
}
