/**
 * When a kill lands. `before`, `after`: while an activity is held there. `mid`: so long after its work was let begin.
 * `load`, `load-end`: by the clock of the load.
 */
export type KillPoint =
  | { readonly at: 'before' | 'after'; readonly activity: string; readonly via?: string }
  | { readonly at: 'mid'; readonly activity: string; readonly via?: string; readonly afterMs: number }
  | { readonly at: 'load' | 'load-end'; readonly afterMs: number };

type Choice = (share: number) => KillPoint;

const before =
  (activity: string): Choice =>
  () => ({ at: 'before', activity });
const after =
  (activity: string): Choice =>
  () => ({ at: 'after', activity });
const mid =
  (activity: string, fromMs: number, toMs: number): Choice =>
  (share) => ({ at: 'mid', activity, afterMs: Math.round(fromMs + share * (toMs - fromMs)) });
/** The activity also runs in an earlier step: it is held once `via` is over. */
const afterwards =
  (via: string, choice: Choice): Choice =>
  (share) => {
    const point = choice(share);
    return 'activity' in point ? { ...point, via } : point;
  };
const inLoad =
  (fromMs: number, toMs: number): Choice =>
  (share) => ({ at: 'load', afterMs: Math.round(fromMs + share * (toMs - fromMs)) });

/** The planned fault is injected 6 s into the load and healed at about 9 s: before it, in it, after it. */
const moments: Readonly<Record<string, readonly Choice[]>> = {
  plan: [mid('planRun', 100, 500), after('planRun')],
  preflight: [before('preflight'), after('preflight')],
  provision: [mid('provision', 100, 900), after('provision'), after('startWatching')],
  seed: [mid('seedShards', 40, 300), after('seedShards'), mid('finishSeed', 20, 200), after('prepareSeed')],
  'warm-cache': [mid('warmCache', 500, 3_500), after('warmCache')],
  load: [inLoad(6_300, 8_500), inLoad(2_000, 5_000), inLoad(9_500, 11_500)],
  drain: [before('stopLoad'), after('stopLoad')],
  verify: [mid('verify', 100, 900), after('verify'), mid('collectSpools', 20, 200)],
  heal: [before('healFaults'), after('healFaults')],
  collect: [mid('stopWatching', 50, 600), afterwards('stopWatching', after('collectSpools'))],
  judge: [mid('judge', 50, 500), after('judge')],
  report: [mid('report', 50, 500), after('report')],
  release: [before('release'), after('release')],
};

/** Moments at which these victims are at work, where it is not at each of the step's. */
const ofVictims: Readonly<Record<string, readonly Choice[]>> = {
  'plan/host': [before('locateHost'), after('locateHost')],
  'provision/sampler': [after('startWatching')],
  'provision/watchdog': [after('startWatching')],
  // The load lasts longer here: a worker is missed by its heartbeats before its engine is looked after again.
  'load/load+engine': [inLoad(3_000, 9_000)],
  'drain/engine': [() => ({ at: 'load-end', afterMs: 30 })],
  'drain/load+engine': [() => ({ at: 'load-end', afterMs: 30 })],
  'collect/sampler': [before('stopWatching')],
  'collect/watchdog': [before('stopWatching'), mid('stopWatching', 50, 300)],
};

/** Every moment that is worth a kill of this victim in this step; `share` of 0…1 places it within its range. */
export const killPoints = (step: string, victim: string): readonly Choice[] =>
  ofVictims[`${step}/${victim}`] ?? moments[step] ?? [];

/** In words, for the table. */
export function describePoint(point: KillPoint): string {
  if (point.at === 'load') return `${point.afterMs / 1_000} s into the load`;
  if (!('activity' in point)) return `${point.afterMs} ms after the end of the load`;
  if (point.at === 'mid') return `${point.afterMs} ms into ${point.activity}`;
  return `${point.at} ${point.activity}`;
}
