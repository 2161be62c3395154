import assert from 'node:assert/strict';
import { HttpConnection } from '../core/http-connection.mjs';

const CONNECTIONS = 32;

/** What a visitor sends to an application without sessions, so that all have the same headers to read. */
const STAND_IN = `sessionid_shop=${'x'.repeat(32)}`;

/** Signs a visitor in and gives the cookie that the application set. */
const signIn = async (url) => {
  const response = await fetch(`${url}/login`);
  assert.equal(response.status, 200);
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
  return cookies.length === 0 ? STAND_IN : cookies.join('; ');
};

/** Requests over kept-alive connections, each with a visitor of its own. */
export const createJob = () => {
  const visitors = new Map();

  const visitorsOf = async (url) => {
    if (!visitors.has(url))
      visitors.set(url, await Promise.all(Array.from({ length: CONNECTIONS }, () => signIn(url))));
    return visitors.get(url);
  };

  /** Asks over all connections at once until `over()`; gives the number of answers. */
  const ask = async (url, path, signedIn, over, headers = {}, status = undefined) => {
    const cookies = signedIn ? await visitorsOf(url) : [];
    const connections = await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, i) =>
        HttpConnection.open(`${url}${path}`, signedIn ? { ...headers, cookie: cookies[i] } : headers, status),
      ),
    );
    const started = performance.now();
    const answered = await Promise.all(connections.map((connection) => connection.ask(over(started))));
    const ms = performance.now() - started;
    for (const connection of connections) connection.close();
    return { requests: answered.reduce((sum, responses) => sum + responses, 0), ms };
  };

  return {
    /** Makes sure that a written session is read again. */
    check: async (url, keepsSessions) => {
      const cookie = await signIn(url);
      const ask = async (path) => (await fetch(`${url}${path}`, { headers: { cookie } })).json();
      if (keepsSessions) {
        assert.deepEqual(await ask('/write'), { visits: 2 });
        assert.deepEqual(await ask('/write'), { visits: 3 });
        assert.deepEqual(await ask('/read'), { visits: 3 });
        assert.deepEqual(await (await fetch(`${url}/read`)).json(), { visits: 0 });
      }
      assert.deepEqual(await ask('/health'), { visits: 0 });
    },

    /** Requests that were answered in so many milliseconds. */
    measure: (url, path, signedIn, sliceMs, headers, status) =>
      ask(url, path, signedIn, (started) => () => performance.now() - started >= sliceMs, headers, status),

    /** About so many requests. */
    warmUp: async (url, path, signedIn, count, headers, status) => {
      let answered = 0;
      await ask(url, path, signedIn, () => () => (answered += 1) >= count, headers, status);
    },

    /** One request after the other. */
    times: async (url, path, signedIn, count) => {
      const [cookie] = signedIn ? await visitorsOf(url) : [];
      for (let i = 0; i < count; i += 1)
        await (await fetch(`${url}${path}`, { headers: cookie ? { cookie } : {} })).arrayBuffer();
    },
  };
};
