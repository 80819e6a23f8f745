/** An answer that is the caller's doing: 400, 401, 403, 404 or 409, with one sentence. */
export function refusal(statusCode: 400 | 401 | 403 | 404 | 409, message: string): Error {
  return Object.assign(new Error(message), { statusCode });
}
