/** Names of the queries and updates that every run answers; the command line, the UI and scripts send them by these. */
export const messages = {
  progress: 'progress',
  pause: 'pause',
  resume: 'resume',
  abort: 'abort',
  scaleLoad: 'scaleLoad',
  injectFault: 'injectFault',
  extend: 'extend',
  resolveStep: 'resolveStep',
} as const;
