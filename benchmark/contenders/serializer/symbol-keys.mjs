const isContainer = (value) => typeof value === 'object' && value !== null;

const hasSymbolKey = (container) => {
  if (Object.getOwnPropertySymbols(container).length > 0) return true;
  if (Array.isArray(container)) {
    for (let index = 0; index < container.length; index += 1) {
      const item = container[index];
      if (isContainer(item) && hasSymbolKey(item)) return true;
    }
    return false;
  }
  for (const name in container) {
    const item = container[name];
    if (isContainer(item) && hasSymbolKey(item)) return true;
  }
  return false;
};

/** One of the questions that a strict serializer has to ask V8 about each object, and none of the others. */
export const open = () => ({
  dumps: (value) => {
    if (isContainer(value) && hasSymbolKey(value)) throw new TypeError('A symbol as a key is not JSON');
    return JSON.stringify(value);
  },
});
