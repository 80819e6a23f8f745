/** The texts of a batch's column as UTF-8: written once, then hashed and sent. */
export interface TextColumn {
  bytes: Buffer;
  view: DataView;
  /** Where the text of a row begins in `bytes`, and how long it is; −1 where there is none. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
}

const bytesPerCharacterMax = 3;
const firstBytes = 64 * 1_024;

export function createTextColumn(rows: number): TextColumn {
  const bytes = Buffer.allocUnsafeSlow(firstBytes);
  const view = new DataView(bytes.buffer);
  return { bytes, view, starts: new Int32Array(rows), lengths: new Int32Array(rows) };
}

/** All texts in one go where they are ASCII, as most are: a call into the runtime a text would cost more than its bytes. */
export function writeTexts(column: TextColumn, texts: readonly (string | undefined)[], size: number): void {
  const { starts, lengths } = column;
  const all = (size === texts.length ? texts : texts.slice(0, size)).join('');
  makeRoom(column, all.length * bytesPerCharacterMax);
  const isAscii = column.bytes.write(all, 0, 'utf8') === all.length;
  let at = 0;
  for (let row = 0; row < size; row += 1) {
    const text = texts[row];
    const length = text === undefined ? 0 : isAscii ? text.length : Buffer.byteLength(text, 'utf8');
    starts[row] = at;
    lengths[row] = text === undefined ? -1 : length;
    at += length;
  }
}

function makeRoom(column: TextColumn, bytes: number): void {
  if (bytes <= column.bytes.length) return;
  column.bytes = Buffer.allocUnsafeSlow(bytes);
  column.view = new DataView(column.bytes.buffer);
}
