export const $ = (id) => document.getElementById(id);

export const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

/** Shows what has happened, the latest first. */
export const note = (text) => {
  $('log').prepend(element('li', { textContent: text }));
  while ($('log').children.length > 4) $('log').lastElementChild.remove();
};

/** A request that the shop refused. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const call = async (method, path, body) => (await answered(method, path, body)).result;

export const answered = async (method, path, body) => {
  const response = await fetch(path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  const text = await response.text();
  const result = text === '' ? null : JSON.parse(text);
  if (!response.ok) throw new Refused(response.status, result?.message ?? response.statusText);
  return { result, headers: response.headers };
};

// --- news of the session -------------------------------------------------------------------------------------

const otherTabs = new BroadcastChannel('bookshop');

/** Says that this tab has changed the session. */
export const tellOtherTabs = () => otherTabs.postMessage('changed');

let changed = () => {};

/** Calls back when another tab has changed the session, or when it has ended or got a new key. */
export const onSessionChange = (callback) => {
  changed = callback;
  otherTabs.onmessage = () => callback();
};

let socket = null;

/** Keeps a socket open, which the shop closes when the session ends. What happened before it opened is looked up then. */
export const listenToSession = () => {
  if (socket !== null) return;
  let wasOpen = false;
  socket = new WebSocket(new URL('api/session', location.href.replace(/^http/, 'ws')));
  socket.onopen = () => {
    wasOpen = true;
    changed();
  };
  socket.onclose = () => {
    socket = null;
    // a shop that accepts no sockets is not asked again and again
    if (wasOpen) changed();
  };
};
