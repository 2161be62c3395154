import {
  $,
  answered,
  call,
  element,
  listenToSession,
  note,
  onSessionChange,
  Refused,
  tellOtherTabs,
} from './shared.js';

const COVERS = ['#234e70', '#8c3b3b', '#3f5d45', '#7a5a2e', '#55407a', '#2f6f73', '#9a5b2f', '#43464f'];

let mark = null;

// --- talking to the shop -------------------------------------------------------------------------------------

/** Where a response came from, as its header Cache-Status says. A stale one has been kept longer than its timeout. */
const sourceOf = (headers) => {
  const status = headers.get('Cache-Status') ?? '';
  if (!status.includes('; hit')) return 'from the database';
  return status.includes('ttl=-') ? 'stale, from the cache' : 'from the cache';
};

/** Runs the action of a click, and shows why the shop refused it. */
const attempt = async (work) => {
  try {
    await work();
  } catch (error) {
    note(error instanceof Refused ? `${error.status}: ${error.message}` : 'The shop does not answer.');
    await showHealth();
  }
};

let changing = Promise.resolve();

/** Runs one click after the other, in their order. */
const changeSession = (work) => {
  changing = changing.then(() =>
    attempt(async () => {
      await work();
      await showSession();
      tellOtherTabs();
    }),
  );
  return changing;
};

// --- showing -------------------------------------------------------------------------------------------------

const euros = (cents) => `€ ${(cents / 100).toFixed(2)}`;

const duration = (ms) => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`);

const rate = ({ hits, misses }) =>
  hits + misses === 0 ? '–' : `${Math.round((100 * hits) / (hits + misses))} %`;

const showBooks = async (path = 'api/books') => {
  $('loaded').textContent = 'Loading …';
  const start = performance.now();
  const { result: books, headers } = await answered('GET', path).catch((error) => {
    $('loaded').textContent = 'not available now';
    throw error;
  });
  const tookMs = Math.round(performance.now() - start);
  const statistics = await call('GET', 'api/books/statistics');
  $('loaded').textContent = `${sourceOf(headers)} in ${tookMs} ms`;
  $('hits').textContent = statistics.hits;
  $('misses').textContent = statistics.misses;
  $('rate').textContent = rate(statistics);
  $('saved').textContent = duration(statistics.savedMs);
  showChart(statistics.reads);
  $('books').replaceChildren(...books.map(bookInWindow));
};

const shape = (name, attributes, ...children) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
};

/** One bar for each recent read, the newest on the right. Its height is the duration, its colour tells a hit from a miss. */
const showChart = (reads) => {
  const longest = Math.max(1, ...reads.map(({ tookMs }) => tookMs));
  const bars = reads.map(({ outcome, tookMs }, i) => {
    const height = Math.max(3, (48 * tookMs) / longest);
    const place = { x: 240 - 10 * (reads.length - i), y: 48 - height, width: 8, height, rx: 1 };
    const title = shape('title', {}, `${outcome}, ${tookMs} ms`);
    return shape('rect', { ...place, class: outcome === 'hit' ? 'hit' : 'miss' }, title);
  });
  $('chart').replaceChildren(...bars);
};

const bookInWindow = (book, index) => {
  const cover = element(
    'div',
    { className: 'cover' },
    element('strong', { textContent: book.title }),
    element('span', {}, book.author, element('br'), String(book.year)),
  );
  cover.style.setProperty('--cover', COVERS[index % COVERS.length]);
  const add = element('button', { textContent: 'Add', ariaLabel: `Add ${book.title}` });
  add.onclick = () => changeSession(() => call('POST', `api/cart/books/${book.id}`));
  add.dataset.book = book.id;
  const row = element(
    'div',
    { className: 'row' },
    element('span', { textContent: euros(book.priceInCents) }),
    add,
  );
  return element('li', { className: 'book' }, cover, row);
};

const showSession = () =>
  attempt(async () => {
    const [account, cart] = await Promise.all([call('GET', 'api/account'), call('GET', 'api/cart')]);
    showAccount(account);
    showCart(cart);
    if (account.userName !== null) listenToSession();
    $('order').disabled = cart.count === 0 || account.userName === null;
    $('order').title = account.userName === null ? 'Log in to order' : '';
    await showHealth();
  });

const showAccount = ({ userName, sessionMark }) => {
  $('login').hidden = userName !== null;
  $('account').hidden = userName === null;
  $('user').textContent = userName ?? '';
  if (mark !== null && sessionMark !== null && mark !== sessionMark)
    note(
      userName === null
        ? `A new session began: ${mark} → ${sessionMark}.`
        : `The session key changed: ${mark} → ${sessionMark}. The content was kept.`,
    );
  mark = sessionMark;
  $('session').textContent =
    sessionMark === null
      ? 'No session yet: nothing about you is stored.'
      : `Your session key has the mark ${sessionMark}.`;
};

const showCart = ({ items, count, discount, totalInCents }) => {
  $('cart-count').textContent = count;
  $('total').textContent = euros(totalInCents);
  $('discount').textContent = discount > 0 ? `with ${discount} % off` : '';
  const lines = items.map(({ book, quantity }) => {
    const remove = element('button', { textContent: '−', ariaLabel: `Remove one ${book.title}` });
    remove.onclick = () => changeSession(() => call('DELETE', `api/cart/books/${book.id}`));
    return element(
      'li',
      {},
      element('span', { textContent: book.title }),
      element('span', { className: 'quiet', textContent: `× ${quantity}` }),
      remove,
    );
  });
  $('cart').replaceChildren(
    ...(lines.length > 0
      ? lines
      : [element('li', { className: 'empty', textContent: 'Your cart is empty.' })]),
  );
};

const showHealth = async () => {
  const { ok } = await fetch('health').catch(() => ({ ok: false }));
  $('health').textContent = ok ? 'store up' : 'store down';
  $('health').classList.toggle('down', !ok);
  const wasDown = !$('outage').hidden;
  $('outage').hidden = ok;
  $('outage').textContent =
    'The store is down. Requests that need it get a 503, but nobody is logged out. Everything works again when the store is back.';
  if (wasDown && ok) await showAll();
};

const showAll = async () => {
  await attempt(() => showBooks());
  await showSession();
};

// --- clicks --------------------------------------------------------------------------------------------------

$('reload').onclick = () => attempt(() => showBooks());

$('prices').onclick = () =>
  attempt(async () => {
    await call('POST', 'api/books/prices');
    note('The prices went up, and everything with the tag "books" was invalidated.');
    await showBooks();
  });

// The database fails for this request only.
$('without-database').onclick = () => attempt(() => showBooks('api/books?database=down'));

$('clear').onclick = () =>
  attempt(async () => {
    const { deleted } = await call('DELETE', 'api/books/cache');
    $('cleared').textContent =
      `${deleted} cached ${deleted === 1 ? 'entry' : 'entries'} deleted. Your session is unchanged.`;
    await showSession();
  });

$('login').onsubmit = (event) => {
  event.preventDefault();
  changeSession(() => call('POST', 'api/account/login', Object.fromEntries(new FormData($('login')))));
};

$('logout').onclick = () =>
  changeSession(async () => {
    await call('POST', 'api/account/logout');
    note('Logged out. The session was deleted from the store.');
  });

$('voucher').onsubmit = (event) => {
  event.preventDefault();
  changeSession(() => call('POST', 'api/voucher', Object.fromEntries(new FormData($('voucher')))));
};

$('race').onclick = () =>
  changeSession(async () => {
    const [first, ...others] = [...document.querySelectorAll('button[data-book]')];
    const add = ({ dataset }) => call('POST', `api/cart/books/${dataset.book}`);
    // Without a cookie, each request would get its own session, so a first visit begins with one request.
    if (mark === null) await add(first);
    await Promise.all((mark === null ? others : [first, ...others]).map(add));
    note(`${others.length + 1} requests changed the session at the same time. None was lost.`);
  });

$('order').onclick = () =>
  changeSession(async () => {
    const { count, totalInCents } = await call('POST', 'api/cart/order');
    note(`Ordered ${count} ${count === 1 ? 'book' : 'books'} for ${euros(totalInCents)}. Thank you!`);
  });

// Poll only while the store is down.
setInterval(() => {
  if (!$('outage').hidden) showHealth();
}, 1000);

onSessionChange(showSession);

const { platform, store } = await call('GET', 'api/about');
$('about').textContent = `${platform} · ${store}`;
await showAll();
