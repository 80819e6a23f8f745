import { pino, type Logger } from 'pino';
import type { Environment } from './environment.ts';

/** Structured lines on standard output, which the process table writes to the role's log file. */
export function createLog(environment: Pick<Environment, 'logLevel' | 'host'>, role: string): Logger {
  return pino({
    level: environment.logLevel,
    base: { role, host: environment.host, pid: process.pid },
    serializers: { error: pino.stdSerializers.err },
  });
}
