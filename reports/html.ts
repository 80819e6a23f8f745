/** Text that is HTML already. Everything else that goes into a page is escaped. */
export interface Markup {
  readonly markup: string;
}

type Piece = Markup | string | number | undefined | readonly Markup[];

/** A template whose values are escaped unless they are markup themselves; undefined is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  const parts = strings.map((text, index) => text + render(values[index]));
  return { markup: parts.join('') };
}

/** Takes text for HTML as it is: only for what this folder made itself. */
export const raw = (markup: string): Markup => ({ markup });

function render(value: Piece): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') return String(value);
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
