/** The state of a run. */
export type Progress =
  | { readonly outcome: 'made'; readonly text: string | undefined }
  | { readonly outcome: 'failed'; readonly error: unknown }
  | { readonly outcome: 'slow'; readonly error?: undefined };

/** The state of a run when it ends, or after so many milliseconds. */
export const firstOf = (run: Promise<string | undefined>, ms: number | null): Promise<Progress> => {
  const ended = run.then<Progress, Progress>(
    (text) => ({ outcome: 'made', text }),
    (error: unknown) => ({ outcome: 'failed', error }),
  );
  if (ms === null) return ended;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ outcome: 'slow' }), ms);
    void ended.then((progress) => {
      clearTimeout(timer);
      resolve(progress);
    });
  });
};
