const refuse = (key, value) => {
  throw new TypeError(`${key}: ${typeof value} is not JSON`);
};

const isPlain = (value) => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
};

/** The usual way to be strict: JSON.stringify with a replacer that refuses what would not come back. */
function checked(key, value) {
  const before = this[key];
  switch (typeof before) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(before) ? value : refuse(key, before);
    case 'object':
      return before === null || isPlain(before) ? value : refuse(key, before);
    default:
      return refuse(key, before);
  }
}

export const open = () => ({ dumps: (value) => JSON.stringify(value, checked) });
