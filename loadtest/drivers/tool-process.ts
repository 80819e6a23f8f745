import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { EngineOrders } from '#model/load-plan.ts';
import { readLines } from './lines.ts';
import type { Tool, ToolExit } from './tool.ts';

/** The tool's process, one at a time, in the session of whoever starts it. */
export interface ToolProcess {
  start(orders: EngineOrders, at: number): void;
  pid(): number | undefined;
  isRunning(): boolean;
  /** Asks it to end, and makes it end after the grace. */
  end(graceMs: number): void;
}

/** `onExit` comes after the last of the lines that the process had written. */
export function createToolProcess(
  tool: Tool,
  { onLine, onExit }: { onLine: (line: string) => void; onExit: (exit: ToolExit) => void },
): ToolProcess {
  let child: ChildProcess | undefined;

  function gone(read: Promise<void>, exit: ToolExit): void {
    void read.then(() => {
      child = undefined;
      onExit(exit);
    });
  }

  return {
    start(orders, at) {
      const { command, args, env, cwd, output } = tool.launch(orders, at);
      const started = spawn(command, args, {
        ...{ cwd, env },
        stdio: ['ignore', output === 'stdout' ? 'pipe' : 'inherit', 'inherit', output === 'own' ? 'pipe' : 'ignore'],
      });
      child = started;
      const stream = output === 'stdout' ? started.stdout : (started.stdio[3] as Readable | null);
      const read = stream === null ? Promise.resolve() : readLines(stream, onLine);
      started.once('error', ({ message }) => {
        if (started.pid === undefined) gone(Promise.resolve(), { code: null, signal: null, error: message });
      });
      started.once('exit', (code, signal) => {
        gone(read, { code, signal });
      });
    },
    pid: () => child?.pid,
    isRunning: () => child !== undefined,
    end(graceMs) {
      const ending = child;
      if (ending === undefined) return;
      ending.kill('SIGTERM');
      setTimeout(() => ending.kill('SIGKILL'), graceMs).unref();
    },
  };
}
