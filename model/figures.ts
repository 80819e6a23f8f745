const digitsMax = 6;
export const binaryUnits = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** Three significant figures at most, no trailing zeros: 0.0214 → `0.0214`, 12.346 → `12.3`, 1234.5 → `1,235`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.min(digitsMax, Math.max(0, 2 - magnitude));
  const [whole = '0', fraction] = Math.abs(value).toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const tail = fraction?.replace(/0+$/, '') ?? '';
  const text = tail === '' ? grouped : `${grouped}.${tail}`;
  return value < 0 && text !== '0' ? `-${text}` : text;
}

/** Bytes in powers of 1,024: `512 MB`, `1.5 GB`. */
export function formatBytes(bytes: number): string {
  let rest = bytes;
  let unit = 0;
  while (Math.abs(rest) >= 1_024 && unit < binaryUnits.length - 1) {
    rest /= 1_024;
    unit += 1;
  }
  return `${formatNumber(rest)} ${binaryUnits[unit] ?? 'B'}`;
}

/** A length of time in its two largest units: `840 ms`, `42 s`, `15 min`, `2 h 5 min`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${formatNumber(durationMs)} ms`;
  if (durationMs < 60_000) return `${formatNumber(durationMs / 1_000)} s`;
  const seconds = Math.round(durationMs / 1_000);
  if (seconds < 3_600) return pair([Math.floor(seconds / 60), 'min'], [seconds % 60, 's']);
  const minutes = Math.round(seconds / 60);
  return pair([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min']);
}

/** A share of one as a percentage. Never rounds up to 100 % nor down to 0 % what is not. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  if (percent > 99.99 && percent < 100) return '> 99.99 %';
  if (percent > 0 && percent < 0.001) return '< 0.001 %';
  return `${percent > 99 && percent < 100 ? percent.toFixed(2).replace(/\.?0+$/, '') : formatNumber(percent)} %`;
}

/** A measured figure with the unit that an answer of the verdict carries. */
export function formatFigure(value: number, unit: string | undefined): string {
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'ms':
      return value < 1_000 ? `${formatNumber(value)} ms` : formatDuration(value);
    case 'ratio':
      return formatRatio(value);
    case undefined:
      return formatNumber(value);
    default:
      return `${formatNumber(value)} ${value === 1 ? unit.replace(/(?<=..)s$/, '') : unit}`;
  }
}

function pair([large, largeUnit]: readonly [number, string], [small, smallUnit]: readonly [number, string]): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
