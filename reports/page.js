// What a page does: unpack its rows, choose by the filters, draw. Nothing is asked of the network.
(async () => {
  'use strict';
  const NAMES = { partner_id: 'partner', client_id: 'client', country_code: 'country', model: 'model' };
  const byId = (id) => document.getElementById(id);
  const page = await unpack(byId('data').textContent);
  for (const table of Object.values(page.tables)) open(table);
  const filters = [...document.querySelectorAll('[data-filter]')];
  const views = {};

  restore();
  document.querySelector('nav [aria-current]').scrollIntoView({ block: 'nearest', inline: 'center' });
  if (byId('filters')) byId('filters').addEventListener('change', (event) => chosen(event.target));
  for (const card of page.cards) {
    const details = byId(card.key).querySelector('details');
    if (details) details.addEventListener('toggle', () => write(card, grouped(card, state())));
  }
  await refresh();
  document.body.dataset.ready = 'true';

  async function unpack(text) {
    const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).json();
  }

  // Columns come as differences: of codes into a list of values, or of whole numbers to be divided by a scale.
  function open(table) {
    for (const column of Object.values(table.columns)) {
      let last = 0;
      const numbers = (column.codes || column.numbers).map((step) => (step === null ? null : (last += step)));
      if (column.codes) column.codes = numbers;
      else column.numbers = numbers.map((number) => (number === null ? null : number / column.scale));
    }
  }

  function state() {
    return Object.fromEntries(filters.map((filter) => [filter.dataset.filter, filter.value]));
  }

  function chosen(filter) {
    const [partner, client] = ['partner_id', 'client_id'].map((name) => filters.find((one) => one.dataset.filter === name));
    if (filter === partner) client.value = 'all';
    if (filter === client && client.value !== 'all') partner.value = client.selectedOptions[0].dataset.partner;
    refresh();
  }

  // The choice stands in the address, so that a link or the next page keeps it.
  function restore() {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const filter = filters.find((one) => one.dataset.filter === name);
      if (filter && [...filter.options].some((option) => option.value === value)) filter.value = value;
    }
  }

  function remember(values) {
    const words = new URLSearchParams(Object.entries(values).filter(([name, value]) => value !== initial(name)));
    const hash = words.size ? '#' + words : '';
    history.replaceState(null, '', location.pathname + location.search + hash);
    for (const link of document.querySelectorAll('nav a')) link.href = link.getAttribute('href').split('#')[0] + hash;
  }

  function initial(name) {
    const filter = filters.find((one) => one.dataset.filter === name);
    const option = [...filter.options].find((one) => one.defaultSelected) || filter.options[0];
    return option.value;
  }

  // The numbers of the rows that the filters leave. Totals are chosen, parts are summed.
  function rowsOf(table, card, values) {
    const tests = [];
    for (const [name, mode] of Object.entries(table.filters)) {
      const wanted = values[name] ?? 'all';
      const column = table.columns[name];
      if (mode === 'total' || wanted !== 'all') tests.push([column.codes, column.values.indexOf(wanted)]);
    }
    let left = [];
    for (let row = 0; row < table.rows; row++) {
      if (tests.every(([codes, code]) => codes[row] === code)) left.push(row);
    }
    if (table.date) {
      const { codes, values: dates } = table.columns[table.date];
      const first = firstDay(values.range);
      if (card.newest) {
        const newest = left.reduce((most, row) => Math.max(most, codes[row]), -1);
        left = left.filter((row) => codes[row] === newest);
      } else if (first) left = left.filter((row) => dates[codes[row]] >= first);
    }
    return left;
  }

  function firstDay(range) {
    if (!range || range === 'all' || !page.day) return null;
    const day = new Date(page.day + 'T00:00:00Z');
    day.setUTCDate(day.getUTCDate() - Number(range) + 1);
    return day.toISOString().slice(0, 10);
  }

  function grouped(card, values) {
    const table = page.tables[card.table];
    const by = card.by.map((name) => table.columns[name]);
    const needed = card.sort && card.sort in table.columns ? [...card.measures, card.sort] : card.measures;
    const measures = [...new Set(needed)].map((name) => [name, table.columns[name].numbers]);
    const groups = new Map();
    for (const row of rowsOf(table, card, values)) {
      const key = by.map((column) => column.codes[row]).join(' ');
      let group = groups.get(key);
      if (!group) {
        group = Object.fromEntries(card.by.map((name, place) => [name, by[place].values[by[place].codes[row]]]));
        for (const [name] of measures) group[name] = null;
        groups.set(key, group);
      }
      for (const [name, numbers] of measures) if (numbers[row] !== null) group[name] = (group[name] ?? 0) + numbers[row];
    }
    let rows = [...groups.values()];
    for (const [name, [part, whole]] of Object.entries(card.ratios)) {
      for (const row of rows) row[name] = row[part] !== null && row[whole] ? row[part] / row[whole] : null;
    }
    for (const [name, measure] of Object.entries(card.shares)) {
      const all = rows.reduce((sum, row) => sum + row[measure], 0);
      for (const row of rows) row[name] = all ? row[measure] / all : null;
    }
    if (card.sort) rows.sort((a, b) => (b[card.sort] ?? -Infinity) - (a[card.sort] ?? -Infinity));
    return card.limit ? rows.slice(0, card.limit) : rows;
  }

  async function draw(card, rows) {
    if (!rows.length) return; // a chart of nothing has no axes; the card says so in words
    if (!views[card.key]) {
      const data = card.chart.data.map((one) => (one.name === 'rows' ? { ...one, values: rows } : one));
      const options = { mode: 'vega', ast: true, actions: false, renderer: 'svg', tooltip: { theme: 'page' } };
      views[card.key] = (await vegaEmbed(byId(card.key + '-chart'), { ...card.chart, data }, options)).view;
      byId(card.key + '-chart').querySelector('svg').setAttribute('aria-hidden', 'true'); // the chart has its name, and its table
    } else await views[card.key].data('rows', rows).resize().runAsync();
  }

  function refresh() {
    const began = performance.now();
    const values = state();
    remember(values);
    const drawn = page.cards.map((card) => show(card, values));
    return Promise.all(drawn).then(() => {
      document.body.dataset.took = (performance.now() - began).toFixed(1);
      document.body.dataset.shown = JSON.stringify(values);
    });
  }

  async function show(card, values) {
    const rows = grouped(card, values);
    const place = byId(card.key);
    place.dataset.rows = rows.length;
    place.classList.toggle('empty', rows.length === 0);
    const deaf = filters
      .map((filter) => filter.dataset.filter)
      .filter((name) => NAMES[name] && values[name] !== 'all' && !(name in page.tables[card.table].filters))
      .map((name) => NAMES[name]);
    place.querySelector('.deaf').textContent = deaf.length ? `Not told apart by ${deaf.join(' or ')}.` : '';
    if (Object.keys(card.against).length) figures(card, place.querySelector('.figures'), rows);
    else write(card, rows);
    if (card.chart) await draw(card, rows);
  }

  // A table that nobody looks at is not written: it would take longer than the chart.
  function write(card, rows) {
    const details = byId(card.key).querySelector('details');
    if (!details || details.open) table(card, byId(card.key).querySelector('table'), rows);
  }

  // A figure, how it moved against the first of what it is held against (a share in points), and these.
  function figures(card, list, rows) {
    list.replaceChildren(...rows.map((row) => {
      const item = document.createElement('li');
      const against = Object.entries(card.against);
      item.dataset.metric = row.metric;
      item.append(word('span', row.metric, 'name'), word('b', written(row.value, row.kind)), moved(row, row[against[0][0]]));
      item.append(...against.map(([name, words]) => word('small', `${words} ${written(row[name], row.kind)}`)));
      return item;
    }));
  }

  function moved(row, before) {
    if (row.value === null || before === null || (!before && row.kind !== 'share')) return word('span', '–', 'soft');
    const change = Math.round((row.kind === 'share' ? row.value - before : row.value / before - 1) * 1000) / 10;
    const words = (change > 0 ? '+' : '') + change.toFixed(1) + (row.kind === 'share' ? ' points' : ' %');
    return word('span', words, change < 0 ? 'down' : change > 0 ? 'up' : 'soft');
  }

  function word(tag, text, name) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (name) element.className = name;
    return element;
  }

  function table(card, element, rows) {
    const names = [...card.by, ...card.measures, ...Object.keys(card.ratios), ...Object.keys(card.shares)];
    const head = document.createElement('tr');
    for (const name of names) {
      const { label, kind, about } = page.columns[name];
      const cell = word('th', label, kind === 'text' ? 'text' : '');
      cell.scope = 'col';
      if (about) cell.title = about;
      head.append(cell);
    }
    const body = rows.slice(0, page.longest).map((row) => {
      const line = document.createElement('tr');
      for (const name of names) {
        const { kind } = page.columns[name];
        const text = written(row[name], kind);
        line.append(word('td', text, kind === 'text' ? (text.length > 24 ? 'text long' : 'text') : ''));
      }
      return line;
    });
    element.tHead.replaceChildren(head);
    element.tBodies[0].replaceChildren(...body);
    const rest = rows.length - body.length;
    element.caption.textContent = rest > 0 ? `The first ${body.length} of ${rows.length} rows; all are in the mart.` : '';
  }

  function written(value, kind) {
    if (value === null || value === undefined) return '–';
    if (kind === 'text') return String(value);
    if (kind === 'share') return (value * 100).toFixed(1) + ' %';
    return value.toLocaleString('en-GB', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 1 });
  }
})();
