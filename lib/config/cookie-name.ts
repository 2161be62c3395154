/** Whether a text is a token of RFC 9110, as the name of a cookie has to be. */
export const isCookieName = (text: string): boolean => /^[\w!#$%&'*+\-.^`|~]+$/.test(text);
