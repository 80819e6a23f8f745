/** Settles when somebody pressed Ctrl-C or the process was asked to end; never rejects. */
export const whenAborted = (signal: AbortSignal): Promise<'interrupted'> =>
  new Promise((resolve) => {
    const settle = (): void => {
      resolve('interrupted');
    };
    if (signal.aborted) settle();
    else signal.addEventListener('abort', settle, { once: true });
  });
