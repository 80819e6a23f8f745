import type { HttpRequest } from '#model/operation.ts';

/** A request as it is written to a connection. */
export interface RequestText {
  readonly text: string;
  readonly encoding: 'latin1' | 'utf8';
  readonly bytes: number;
}

const pathForm = /^[/*][\x21-\x7e]*$/;
const nameForm = /^[\w!#$%&'*+.^`|~-]+$/;
const valueForm = /^[\t\x20-\x7e]*$/;
/** They say where a request ends, which is for whoever writes it to say. */
const ownFields = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te', 'trailer']);
const knownMax = 64;

/**
 * Words requests for one connection. Undefined for one that cannot be sent as it is: a line break in a header would be another
 * request's beginning. A value that was found fit is not looked at again, as most are the same in every request of a user.
 */
export function createRequestWriter(origin: string): (request: HttpRequest) => RequestText | undefined {
  const { host } = new URL(origin);
  const known = new Map<string, string>();
  let last: { readonly request: HttpRequest; readonly written: RequestText | undefined } | undefined;

  function isFit(name: string, value: string): boolean {
    if (known.get(name) === value) return true;
    if (!nameForm.test(name) || !valueForm.test(value) || ownFields.has(name.toLowerCase())) return false;
    if (known.size < knownMax) known.set(name, value);
    return true;
  }

  function write({ method, path, headers, body }: HttpRequest): RequestText | undefined {
    if (!pathForm.test(path)) return undefined;
    let fields = '';
    let namesHost = false;
    for (const name in headers) {
      const value = headers[name] ?? '';
      if (!isFit(name, value)) return undefined;
      if (name.length === 4 && name.toLowerCase() === 'host') namesHost = true;
      fields += `${name}: ${value}\r\n`;
    }
    if (!namesHost) fields = `host: ${host}\r\n${fields}`;
    if (body === undefined) {
      // A server may wait for the body of a method that is made for one.
      const none = method === 'POST' || method === 'PUT' || method === 'PATCH' ? 'content-length: 0\r\n' : '';
      const text = `${method} ${path} HTTP/1.1\r\n${fields}${none}\r\n`;
      return { text, encoding: 'latin1', bytes: text.length };
    }
    const bodyBytes = Buffer.byteLength(body);
    const head = `${method} ${path} HTTP/1.1\r\n${fields}content-length: ${bodyBytes}\r\n\r\n`;
    const encoding = bodyBytes === body.length ? 'latin1' : 'utf8';
    return { text: head + body, encoding, bytes: head.length + bodyBytes };
  }

  return (request) => {
    if (last?.request !== request) last = { request, written: write(request) };
    return last.written;
  };
}
