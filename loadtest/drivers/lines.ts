import type { Readable } from 'node:stream';

/** Longer lines are passed over: no tool's report is as long. */
const lineCharactersMax = 1_048_576;

/** Calls `onLine` for each whole line of a stream, and resolves when the stream has ended, or broke. */
export function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  let isTooLong = false;
  stream.setEncoding('utf8');
  return new Promise((resolve) => {
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!isTooLong && line.length <= lineCharactersMax) onLine(line);
        isTooLong = false;
      }
      if (rest.length > lineCharactersMax) {
        rest = '';
        isTooLong = true;
      }
    });
    stream.once('error', () => {
      resolve();
    });
    stream.once('close', () => {
      resolve();
    });
  });
}
