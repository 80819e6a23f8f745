import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { badArchive } from './bad-archive.ts';

/** A line is one record or one entry; a report is cut into pieces. Anything far beyond is damage, or meant to fill the memory. */
const lineBytesMax = 64 * 1024 * 1024;
/** gzip, deflated. */
const magic = Buffer.from([0x1f, 0x8b, 0x08]);
const lineBreak = 0x0a;

/** Whether a file begins as an archive does; false when it cannot be read. */
export async function isCompressed(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    return buffer.equals(magic);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/**
 * The lines of a gzip file, without their breaks, in memory for one line and one chunk. Throws a `BadArchive` when it is not
 * one, is damaged, is cut off (also in the middle of a line), or goes on behind its end.
 */
export async function* readLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const source = createReadStream(path);
  const unpacked = createGunzip();
  const flow = pipeline(source, unpacked, { signal });
  // Who reads the lines hears of it; that nobody awaits the flow meanwhile must not end the process.
  flow.catch(() => undefined);
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      let from = 0;
      for (let to = chunk.indexOf(lineBreak); to >= 0; to = chunk.indexOf(lineBreak, from)) {
        const end = chunk.subarray(from, to);
        yield (rest.length === 0 ? end : Buffer.concat([...rest, end])).toString();
        [rest, restBytes, from] = [[], 0, to + 1];
      }
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > lineBytesMax) throw badArchive('one of its lines is longer than any that is written');
    }
    await flow;
  } catch (error) {
    signal.throwIfAborted();
    throw describe(error);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
  if (restBytes > 0) throw badArchive('it is cut off: it ends in the middle of a line');
  if (unpacked.bytesWritten !== source.bytesRead) throw badArchive('something follows behind its end');
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'BadArchive') return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'Z_DATA_ERROR' && error.message.includes('header'))
    return badArchive('it is not an archive of evidence', error);
  if (code === 'Z_BUF_ERROR') return badArchive('it is cut off: its end is missing', error);
  if (code.startsWith('Z_')) return badArchive(`it is damaged: ${error.message}`, error);
  if ('syscall' in error) return badArchive(`it cannot be read: ${error.message}`, error);
  return error;
}
