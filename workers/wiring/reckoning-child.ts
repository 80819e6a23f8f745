import { execa } from 'execa';
import type { Environment } from './environment.ts';

const outputBytesMax = 256 * 1024 * 1024;

/**
 * Runs one reckoning (plan, judge, checkpoint, report, compare) in a child process and gives back what it answers. The child reads its
 * request from standard input and dies with us; its complaints go to our standard error.
 */
export async function reckon<T>(
  environment: Environment,
  { task, request, signal }: { task: string; request: unknown; signal?: AbortSignal },
): Promise<T> {
  const child = await execa(environment.node, ['workers/reckoning.ts', task], {
    cwd: environment.home,
    env: environment.forChildren,
    extendEnv: false,
    input: JSON.stringify(request),
    stdout: 'pipe',
    stderr: 'inherit',
    maxBuffer: outputBytesMax,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (signal?.aborted === true) throw signal.reason;
  const answer = parseAnswer(child.stdout);
  if (answer === undefined) throw new Error(`${task} did not answer: ${child.shortMessage ?? 'its process ended'}`);
  if ('error' in answer) {
    const error = new Error(answer.error.message);
    error.name = answer.error.name;
    throw error;
  }
  return answer.value as T;
}

type Answer = { value: unknown } | { error: { name: string; message: string } };

function parseAnswer(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}
