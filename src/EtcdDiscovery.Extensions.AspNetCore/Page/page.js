'use strict';

// Text from etcd is untrusted: it enters the document as text only, never as markup.
const root = document.documentElement.dataset.root;
const byId = id => document.getElementById(id);
const services = new Map();
const MaxRows = 500;
const MaxEvents = 200;
let sort = { key: 'name', descending: false };
let shown = null;
let isDrawing = false;

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text ?? '';
  if (className) made.className = className;
  return made;
}

function row(...cells) {
  const made = document.createElement('tr');
  for (const cell of cells) {
    if (cell instanceof HTMLTableCellElement) made.append(cell);
    else made.append(element('td', cell));
  }
  return made;
}

const clock = text => text ? new Date(text).toLocaleTimeString() : '';
const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

// Many changes may arrive together; the table is drawn once for all of them.
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => { isDrawing = false; drawServices(); });
}

function drawServices() {
  const wanted = byId('filter').value.toLowerCase();
  const found = [...services.values()].filter(service => service.name.toLowerCase().includes(wanted));
  const direction = sort.descending ? -1 : 1;
  found.sort((a, b) => direction * (compare(a[sort.key], b[sort.key]) || compare(a.name, b.name)));
  const focused = document.activeElement?.dataset?.service;
  byId('services').tBodies[0].replaceChildren(...found.slice(0, MaxRows).map(serviceRow));
  byId('more').textContent = found.length > MaxRows
    ? `${found.length - MaxRows} more. Use the filter to narrow the list.`
    : found.length === 0 ? 'This process watches no matching service.' : '';
  if (focused !== undefined) {
    [...document.querySelectorAll('[data-service]')].find(button => button.dataset.service === focused)?.focus();
  }
}

function compare(a, b) {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return typeof a === 'number' ? a - b : a < b ? -1 : 1;
}

function serviceRow(service) {
  const name = document.createElement('td');
  const button = element('button', service.name);
  button.type = 'button';
  button.dataset.service = service.name;
  button.addEventListener('click', () => show(service.name, true));
  name.append(button);
  if (!service.isWatched) return row(name, '', '', '', 'not watched', '');
  const serving = element('td', service.serving, service.serving > 0 ? 'good' : 'bad');
  const suspects = element('td', service.suspects, service.suspects > 0 ? 'warn' : '');
  const source = element('td', service.source, service.source === 'Live' ? '' : 'warn');
  return row(name, serving, service.instances, suspects, source, clock(service.asOf));
}

async function show(name, moves) {
  shown = name;
  history.replaceState(null, '', `#${encodeURIComponent(name)}`);
  const scheme = byId('scheme').value.trim();
  const query = scheme === '' ? '' : `?scheme=${encodeURIComponent(scheme)}`;
  const response = await fetch(`${root}/services/${name.split('/').map(encodeURIComponent).join('/')}${query}`, { headers: { accept: 'application/json' } });
  const answer = await response.json();
  if (shown !== name) return;
  byId('detail').hidden = false;
  byId('detail-title').textContent = name;
  byId('detail-summary').textContent = answer.error
    ?? `${plural(answer.instances.length, 'instance')}, ${answer.instances.filter(one => one.isCandidate).length} picked here${answer.public ? ', public' : ''}${answer.critical ? ', critical' : ''}`;
  byId('instances').tBodies[0].replaceChildren(...(answer.instances ?? []).map(instanceRow));
  if (moves) byId('detail-title').focus();
}

function instanceRow(detail) {
  const instance = detail.instance;
  const ports = Object.entries(instance.ports ?? {}).map(([scheme, port]) => `${scheme}=${port}`).join(', ');
  const status = instance.unknownStatus ?? instance.status;
  const reason = instance.statusReason ? `${status}: ${instance.statusReason}` : status;
  const notes = [
    detail.isCandidate ? 'yes' : `no: ${detail.reasons.join('; ')}`,
    detail.isSuspect ? 'suspect' : null,
  ].filter(note => note !== null);
  return row(
    instance.id, `${instance.hostname || instance.privateHostname || ''} ${ports}`,
    element('td', reason, instance.status === 'Serving' ? 'good' : 'warn'),
    element('td', notes.join('; '), detail.isCandidate ? 'good' : 'warn'),
    instance.zone, instance.shard, instance.weight, detail.outstandingCalls);
}

function drawHost(host) {
  byId('host-title').textContent = `This process: ${host.application}`;
  byId('lease').textContent = host.lease
    ? `Lease renewed ${host.lease.age} s ago, time to live ${host.lease.timeToLive} s${host.lease.failure ? `: ${host.lease.failure}` : ''}`
    : 'This process registers no service.';
  byId('registrations').replaceChildren(...host.registrations.map(one => element(
    'li', `${one.serviceName}: ${one.state}, ${one.status} (${one.instanceId})`, one.state === 'Registered' && one.status === 'Serving' ? 'good' : 'warn')));
}

function drawEvents(events) {
  const list = byId('timeline');
  for (const event of events) {
    const item = document.createElement('li');
    const time = element('time', new Date(event.time).toLocaleTimeString());
    time.dateTime = event.time;
    const text = [event.kind, event.serviceName, event.instanceId, event.detail].filter(part => part).join(' · ');
    item.append(time, document.createTextNode(` ${text}`));
    list.prepend(item);
  }
  while (list.children.length > MaxEvents) list.lastChild.remove();
}

function connect() {
  const source = new EventSource(`${root}/events`);
  source.addEventListener('open', () => {
    byId('connection').textContent = 'Live';
    byId('connection').className = 'good';
    byId('timeline').replaceChildren();
    for (const [name, service] of services) if (service.isWatched) services.delete(name);
  });
  // The browser reconnects by itself.
  source.addEventListener('error', () => {
    byId('connection').textContent = 'Disconnected, reconnecting…';
    byId('connection').className = 'bad';
  });
  source.addEventListener('services', message => {
    const change = JSON.parse(message.data);
    for (const name of change.removed) services.delete(name);
    for (const service of change.changed) services.set(service.name, service);
    draw();
    if (shown !== null && change.changed.some(service => service.name === shown)) show(shown, false);
  });
  source.addEventListener('timeline', message => drawEvents(JSON.parse(message.data)));
  source.addEventListener('host', message => drawHost(JSON.parse(message.data)));
}

byId('filter').addEventListener('input', draw);
byId('scheme').addEventListener('input', () => { if (shown !== null) show(shown, false); });
byId('all').addEventListener('click', async () => {
  const response = await fetch(`${root}/services?all=true`);
  for (const service of await response.json()) if (!services.has(service.name)) services.set(service.name, service);
  draw();
});
for (const button of document.querySelectorAll('#services thead button')) {
  button.addEventListener('click', () => {
    const key = button.dataset.key;
    sort = { key, descending: sort.key === key && !sort.descending };
    for (const header of document.querySelectorAll('#services th')) header.removeAttribute('aria-sort');
    button.parentElement.setAttribute('aria-sort', sort.descending ? 'descending' : 'ascending');
    draw();
  });
}

connect();
if (location.hash.length > 1) show(decodeURIComponent(location.hash.slice(1)), false);
