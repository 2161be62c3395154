/** Does nothing: for rejections that are handled elsewhere, and for listeners that must exist. */
export const ignore = (): void => undefined;
