import { expect, it } from 'vitest';
import { hashText } from './text-hash.ts';

it.each([
  // SELECT hashtext(…)::int8 & x'ffffffff'::int8 of PostgreSQL 15.
  ['', 2_817_148_525],
  ['a', 1_075_015_857],
  ['né', 2_760_500_846],
  ['abcdefghijkl', 2_708_880_084],
  ['abcdefghijklm', 405_849_808],
  ['Ada Lovelace', 1_633_293_662],
  ['ada.lovelace.12345@example.com', 3_752_409_229],
  ['日本語のテキスト', 4_194_419_210],
])('says of %j what PostgreSQL does', (text, hash) => {
  const bytes = new TextEncoder().encode(`..${text}`);
  expect(hashText(new DataView(bytes.buffer), 2, bytes.length - 2)).toBe(hash);
});
