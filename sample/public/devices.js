import {
  $,
  call,
  element,
  listenToSession,
  note,
  onSessionChange,
  Refused,
  tellOtherTabs,
} from './shared.js';

const AGAIN_MS = 1000;

const times = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

const timeOf = (text) => times.format(new Date(text));

const showDevices = async () => {
  try {
    show(await call('GET', 'api/devices'));
    listenToSession();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) show([]);
    else setTimeout(showDevices, AGAIN_MS);
  }
};

const show = (devices) => {
  $('stranger').hidden = devices.length > 0;
  $('others').hidden = $('count').hidden = devices.length === 0;
  $('others').disabled = devices.length < 2;
  $('count').textContent = devices.length;
  const ordered = devices.toSorted((one, other) => Number(other.current) - Number(one.current));
  $('devices').replaceChildren(...ordered.map(rowOf));
};

const rowOf = ({ handle, current, device, createdAt, lastSeenAt }) => {
  const name = device ?? 'Unknown device';
  const title = element('p', { className: 'row' }, element('strong', { textContent: name }));
  if (current) title.append(element('span', { className: 'badge', textContent: 'this device' }));
  const when = `Logged in ${timeOf(createdAt)} · last change ${timeOf(lastSeenAt)}`;
  const logOut = element('button', { textContent: 'Log out', ariaLabel: `Log out ${name}` });
  logOut.onclick = () => change(() => (current ? logOutHere() : logOutThere(handle, name)));
  return element(
    'li',
    { className: 'card' },
    element('div', {}, title, element('p', { className: 'quiet', textContent: when })),
    logOut,
  );
};

const logOutHere = async () => {
  await call('POST', 'api/account/logout');
  tellOtherTabs();
  return 'You are logged out.';
};

const logOutThere = async (handle, name) => {
  await call('DELETE', `api/devices/${handle}`);
  return `${name} is logged out.`;
};

/** Runs the action of a click, which says what it has done. */
const change = async (work) => {
  try {
    note(await work());
  } catch (error) {
    note(error instanceof Refused ? `${error.status}: ${error.message}` : 'The shop does not answer.');
  }
  await showDevices();
};

$('others').onclick = () =>
  change(async () => {
    const { ended } = await call('POST', 'api/devices/log-out-everywhere-else');
    return `${ended} other ${ended === 1 ? 'device is' : 'devices are'} logged out.`;
  });

onSessionChange(showDevices);

// another device may have logged in since
document.onvisibilitychange = () => {
  if (!document.hidden) showDevices();
};

const { platform, store } = await call('GET', 'api/about');
$('about').textContent = `${platform} · ${store}`;
await showDevices();
