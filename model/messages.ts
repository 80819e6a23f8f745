/** Names of the queries and updates that every run answers; the command line, the UI and scripts send them by these. */
export const messages = { progress: 'progress', abort: 'abort', resolveStep: 'resolveStep' } as const;
