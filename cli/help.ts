import { Command } from 'commander';
import { renderTable } from './table.ts';
import type { Verb } from './verb.ts';

const exitText = `Exit status:
  0  pass, or done          1  fail                2  inconclusive, or no verdict
  64 bad input              65 the evidence is not what it was
  69 not up                 70 our own failure
  130 interrupted while piped (the run goes on)`;

/** The help of one verb, or of all of them when none is named. */
export function renderHelp(verbs: readonly Verb[], name?: string): string {
  const program = new Command('soak')
    .description('Soak and scale runs as durable workflows, ending in a verdict that can be defended.')
    .usage('VERB [words] [flags]')
    .configureHelp({ helpWidth: 110 })
    .addHelpText(
      'after',
      `\nFirst steps:\n  soak doctor       is everything here?\n  soak plan smoke   what would happen?\n  soak run smoke    let it happen\n\n${exitText}`,
    );
  for (const verb of verbs) program.addCommand(describeVerb(verb));
  const chosen = program.commands.find((command) => command.name() === name) ?? program;
  let text = '';
  chosen.configureOutput({ writeOut: (part) => (text += part) });
  chosen.outputHelp();
  return text.trimEnd();
}

function describeVerb(verb: Verb): Command {
  const command = new Command(verb.name)
    .description(verb.summary)
    .configureHelp({ helpWidth: 110 })
    .usage([verb.operand === undefined ? '' : `[${verb.operand.name}]`, '[flags]'].join(' ').trim());
  if (verb.operand !== undefined) command.argument(`[${verb.operand.name}]`, verb.operand.means);
  for (const flag of verb.flags) {
    command.option(`--${flag.name}${flag.value === undefined ? '' : ` <${flag.value}>`}`, flag.means);
  }
  return command.addHelpText('after', `\nExamples:\n${renderTable(verb.examples, '  ')}`);
}
