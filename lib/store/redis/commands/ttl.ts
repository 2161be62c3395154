/** Redis takes whole milliseconds from 1 on; a fraction is rounded up so that nothing expires early. */
export const asPx = (ms: number): string => String(Math.max(1, Math.ceil(ms)));
