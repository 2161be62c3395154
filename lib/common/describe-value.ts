/** A value by its type and length, for messages that must not show it. */
export const describeValue = (value: unknown): string => {
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'object' ? `an object (${className(value)})` : `a ${typeof value}`;
};

const className = (value: object): string => {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' ? constructor.name : 'without a class';
};
