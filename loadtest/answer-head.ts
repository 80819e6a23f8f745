import type { HttpResponse } from '#model/operation.ts';

/** What the first lines of an answer say about the rest of it. */
export interface AnswerHead {
  readonly status: number;
  /** How the end of the body is found (RFC 9112, section 6.3). `undefined`: there is none. */
  readonly body: { readonly by: 'length'; readonly bytes: number } | { readonly by: 'chunks' | 'close' } | undefined;
  /** The connection may carry another request after this answer. */
  readonly keepsAlive: boolean;
  /** The peer closes the connection when it was idle for so long, if it says so. */
  readonly idleMsMax: number | undefined;
}

/** The whole head is held against this before anything of it is believed: no folded lines, no stray control characters. */
const headForm =
  /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;
const lengthForm = /^\d{1,15}$/;

/** `text` is status line and fields, each with its line break, in latin-1. Undefined when it is not HTTP/1.x as it has to be. */
export function readHead(text: string, isHead: boolean): AnswerHead | undefined {
  if (!headForm.test(text)) return undefined;
  const fields = readFraming(text);
  const status = Number(text.slice(9, 12));
  // Nobody asked for another protocol.
  if (fields === undefined || status === 101) return undefined;
  const isNewer = text[7] === '1';
  const keepsAlive = isNewer ? !fields.connection.includes('close') : fields.connection.includes('keep-alive');
  const hasBody = !isHead && status >= 200 && status !== 204 && status !== 304;
  const body = hasBody ? bodyOf(fields) : undefined;
  return { status, body, keepsAlive: keepsAlive && body?.by !== 'close', idleMsMax: fields.idleMsMax };
}

interface Framing {
  bytes: number | undefined;
  isChunked: boolean | undefined;
  connection: string;
  idleMsMax: number | undefined;
}

/** Only the fields that say where an answer ends; undefined when they contradict each other. */
function readFraming(text: string): Framing | undefined {
  const framing: Framing = { bytes: undefined, isChunked: undefined, connection: '', idleMsMax: undefined };
  let at = text.indexOf('\r\n') + 2;
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r\n', colon);
    const length = colon - at;
    // By the length of its name first: most fields are none of these.
    if (length === 10 || length === 14 || length === 17) {
      const isSound = note(framing, text.slice(at, colon).toLowerCase(), text.slice(colon + 1, end).trim());
      if (!isSound) return undefined;
    }
    at = end + 2;
  }
  return framing.bytes !== undefined && framing.isChunked !== undefined ? undefined : framing;
}

function note(framing: Framing, name: string, value: string): boolean {
  switch (name) {
    case 'content-length':
      // Two lengths are one too many, even when they agree: somebody between us and the target may read the other.
      if (framing.bytes !== undefined || !lengthForm.test(value)) return false;
      framing.bytes = Number(value);
      return true;
    case 'transfer-encoding':
      if (framing.isChunked !== undefined) return false;
      framing.isChunked = value.toLowerCase() === 'chunked';
      // Nothing but chunks was offered.
      return framing.isChunked;
    case 'connection':
      framing.connection += ` ${value.toLowerCase()}`;
      return true;
    case 'keep-alive': {
      const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(value)?.[1];
      if (seconds !== undefined) framing.idleMsMax = Number(seconds) * 1_000;
      return true;
    }
    default:
      return true;
  }
}

function bodyOf({ bytes, isChunked }: Framing): AnswerHead['body'] {
  if (isChunked === true) return { by: 'chunks' };
  if (bytes === undefined) return { by: 'close' };
  return bytes === 0 ? undefined : { by: 'length', bytes };
}

/** The fields of a head by lower-case name; one that comes more than once is a list. */
export function fieldsOf(text: string): HttpResponse['headers'] {
  const fields: Record<string, string | string[]> = {};
  for (const line of text.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const known = fields[name];
    fields[name] = known === undefined ? value : [known, value].flat();
  }
  return fields;
}
