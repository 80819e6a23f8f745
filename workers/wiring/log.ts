import { writeSync } from 'node:fs';
import { type DestinationStream, pino, type Logger } from 'pino';
import type { Environment } from './environment.ts';

/** Structured lines on standard output, which the process table writes to the role's log file. */
export function createLog(environment: Pick<Environment, 'logLevel' | 'host'>, role: string): Logger {
  return pino(
    {
      level: environment.logLevel,
      base: { role, host: environment.host, pid: process.pid },
      serializers: { error: pino.stdSerializers.err },
    },
    standardOutput,
  );
}

/**
 * A line that nobody can take is lost, and that is all. A worker that somebody started by hand outlives its terminal: writing
 * then fails with EIO, of which pino's own destination makes an error that keeps the process from ending when it is told to.
 */
const standardOutput: DestinationStream = {
  write(line) {
    try {
      writeSync(1, line);
    } catch {
      // EIO, EPIPE, EAGAIN, ENOSPC: there is nowhere to say so.
    }
  },
};
