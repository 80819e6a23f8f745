import { html, type Markup, raw } from './html.ts';

/** A whole page in one file: no scripts, no fonts, no pictures from anywhere. */
export function renderPage({ title, body }: { readonly title: string; readonly body: Markup }): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `;
  return page.markup.replaceAll(/\n\s*\n/g, '\n');
}

const style = `
:root {
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d2126; --muted: #666d76; --grid: #e6e4df; --rule: #dcd9d3;
  --pass: #23744a; --pass-soft: #e4f2ea; --fail: #b3261e; --fail-soft: #fbe7e5; --inconclusive: #8a5a00; --inconclusive-soft: #fbf0d9;
  --s1: #2a6fb5; --s2: #c2661c; --s3: #2f8a68; --s4: #7e57b2; --s5: #b8406e; --s6: #8a7a12; --s7: #1f8fa3; --s8: #6b7480;
  --low: #8bb4de; --middle: #3c7fc4; --high: #153f6f; --plan: #777e88; --bad: #b3261e; --fault: #b5541c; --outage: #5d6570; --operator: #5a48b0;
}
@media (prefers-color-scheme: dark) { :root {
  --paper: #15181c; --card: #1c2025; --ink: #e6e8ea; --muted: #9aa2ac; --grid: #2b3037; --rule: #323841;
  --pass: #6cc795; --pass-soft: #1a3326; --fail: #ff8a80; --fail-soft: #3d1f1d; --inconclusive: #e7b75c; --inconclusive-soft: #382c14;
  --s1: #6aa9e9; --s2: #e79a5b; --s3: #63c29c; --s4: #b394e0; --s5: #e687ab; --s6: #cdbb52; --s7: #5cc3d6; --s8: #a3abb6;
  --low: #4d7fb0; --middle: #6aa9e9; --high: #c9e0f7; --plan: #8f97a2; --bad: #ff8a80; --fault: #e79a5b; --outage: #a3abb6; --operator: #b7a8f5;
} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 25px; line-height: 1.3; font-weight: 600; margin: 10px 0 6px; text-wrap: balance; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 18px; font-weight: 600; margin: 44px 0 10px; letter-spacing: -0.005em; }
h2 + p.lead { margin: -4px 0 12px; color: var(--muted); max-width: 76ch; }
p { margin: 6px 0; max-width: 90ch; overflow-wrap: anywhere; }
.eyebrow, .note { color: var(--muted); font-size: 13px; }
.eyebrow { overflow-wrap: anywhere; }
.empty { color: var(--muted); font-style: italic; }
.verdict { background: var(--card); border: 1px solid var(--rule); border-left: 6px solid var(--muted); border-radius: 8px; padding: 20px 24px; }
.verdict.pass { border-left-color: var(--pass); } .verdict.fail { border-left-color: var(--fail); } .verdict.inconclusive { border-left-color: var(--inconclusive); }
.verdict ul { margin: 10px 0 0; padding-left: 0; list-style: none; } .verdict li { margin: 6px 0; overflow-wrap: anywhere; }
.badge { display: inline-block; white-space: nowrap; font-weight: 600; font-size: 12.5px; line-height: 1; padding: 5px 9px; border-radius: 99px; }
.badge.pass { color: var(--pass); background: var(--pass-soft); } .badge.fail { color: var(--fail); background: var(--fail-soft); }
.badge.inconclusive { color: var(--inconclusive); background: var(--inconclusive-soft); }
.verdict > .badge { font-size: 17px; padding: 8px 15px; }
.facts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1px; background: var(--rule); border: 1px solid var(--rule); border-radius: 8px; overflow: hidden; margin: 16px 0 0; }
.facts div { background: var(--card); padding: 10px 14px; } .facts dt { color: var(--muted); font-size: 12px; } .facts dd { margin: 0; font-weight: 500; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 500; font-size: 12px; color: var(--muted); white-space: nowrap; }
th, td { padding: 7px 14px; vertical-align: top; border-bottom: 1px solid var(--grid); }
td { overflow-wrap: anywhere; min-width: 4em; } td.wide { min-width: 16em; } tr:last-child td { border-bottom: 0; }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 12px 14px; margin: 6px 0 14px; white-space: pre-wrap; overflow-wrap: anywhere; }
.plots { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 6px 14px 2px; }
.plot { margin: 10px 0 6px; break-inside: avoid; } .plot svg { display: block; width: 100%; min-width: 600px; height: auto; }
figcaption { font-size: 13.5px; display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: baseline; } figcaption b { font-weight: 600; }
.legend { margin-left: auto; display: flex; flex-wrap: wrap; gap: 2px 14px; color: var(--muted); font-size: 12.5px; }
.key i { display: inline-block; width: 18px; border-top: 2px solid; margin-right: 6px; vertical-align: 4px; } .key i.dashed { border-top-style: dashed; }
ul.plain { padding-left: 18px; margin: 6px 0; } ul.plain li { margin: 3px 0; overflow-wrap: anywhere; }
footer { margin-top: 48px; padding-top: 14px; border-top: 1px solid var(--rule); color: var(--muted); font-size: 13px; }
@media print { .plots { overflow: visible; } .plot svg { min-width: 0; } body { background: #fff; font-size: 12px; } main { padding: 0; max-width: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } .scroll { overflow: visible; } }
@media (max-width: 700px) { .facts { grid-template-columns: repeat(2, 1fr); } main { padding: 16px 12px 40px; } h1 { font-size: 20px; } th, td { padding: 6px 9px; } }
`;
