/** Named `BadArchive`: the file is not what it should be, and nothing was taken from it. The message says what is wrong with it. */
export function badArchive(problem: string, cause?: unknown): Error {
  const error = new Error(problem, { cause });
  error.name = 'BadArchive';
  return error;
}
