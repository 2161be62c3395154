const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SHAPE = /^[0-9A-Za-z]+$/;

/** A whole number from 0 in base 62, the most significant digit first. */
export const toBase62 = (number: number): string => {
  let text = '';
  let rest = number;
  do {
    text = DIGITS.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  } while (rest > 0);
  return text;
};

export const isBase62 = (text: string): boolean => SHAPE.test(text);
