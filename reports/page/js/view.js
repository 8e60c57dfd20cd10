// What is chosen, and the cells that it selects.

const page = {};
const view = { op: "", setting: "", reference: "", width: 0, cell: 0, calls: 1000, hidden: new Set() };

// Rows of a table of columns as objects, made once.
const rows = (columns) => {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, place) =>
    Object.fromEntries(names.map((name) => [name, columns[name][place]])));
};

const begin = (data) => {
  Object.assign(page, data);
  page.cells = rows(data.cells).map((cell, place) => ({
    ...cell, place, curve: page.curves[cell.curve], series: page.series[cell.series], pairs: [],
  }));
  for (const pair of rows(data.pairs)) {
    const verdict = page.verdicts[pair.verdict];
    const [cell, base] = [page.cells[pair.cell], page.cells[pair.base]];
    const { launches, texts } = pair;
    cell.pairs.push({ base, value: pair.value, low: pair.low, high: pair.high, launches, verdict, text: texts[0] });
    base.pairs.push({
      base: cell, value: 1 / pair.value, low: pair.high && 1 / pair.high, high: pair.low && 1 / pair.low,
      launches, verdict: page.inverse[verdict], text: texts[1],
    });
  }
  delete page.pairs;
};

const unique = (values) => [...new Set(values)];
const settingsOf = (op) => unique(page.curves.filter((each) => each.op === op).map((each) => each.setting));
const inRun = (text, run) => (page.runs.length > 1 ? `${text} (${page.runs[run].name})` : text);
const nameOf = (cell) => inRun(cell.series.label, cell.curve.run);

// Cells of the chosen operation and setting, of all runs, less the hidden modes and backends.
const chosen = () =>
  page.cells.filter(({ curve, series }) =>
    curve.op === view.op && curve.setting === view.setting &&
    !view.hidden.has(series.backend) && !view.hidden.has(series.mode));

const timed = () => chosen().filter((cell) => cell.time !== null);
const widthsOf = (cells) => unique(cells.map((cell) => cell.width)).sort((a, b) => a - b);

// Cells by the name of their line, each line by width.
const lines = (cells) => {
  const found = new Map();
  for (const cell of cells) {
    const name = nameOf(cell);
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(cell);
  }
  for (const line of found.values()) line.sort((a, b) => a.width - b.width);
  return found;
};

// Keep what still makes sense after a change; else the first, or the largest width.
const settle = () => {
  const ops = unique(page.curves.map((each) => each.op));
  if (!ops.includes(view.op)) view.op = page.first || ops[0];
  const settings = settingsOf(view.op);
  if (!settings.includes(view.setting)) [view.setting] = settings;
  const cells = timed();
  const names = [...lines(cells).keys()];
  if (!names.includes(view.reference)) view.reference = usual(cells) || names[0] || "";
  const widths = widthsOf(cells);
  if (!widths.includes(view.width)) view.width = widths.at(-1) || 0;
  const there = cells.filter((cell) => cell.width === view.width);
  if (!there.some((cell) => cell.place === view.cell)) view.cell = there.length ? there.at(-1).place : -1;
};

const usual = (cells) => {
  const found = cells.find((cell) => cell.series.backend === page.reference) || cells[0];
  return found && nameOf(found);
};

// The address keeps the choice, so that a link shows what its sender saw.
const remember = () => {
  const kept = new URLSearchParams({ op: view.op, setting: view.setting, reference: view.reference, width: view.width, calls: view.calls, cell: view.cell });
  if (view.hidden.size) kept.set("hidden", [...view.hidden].join(" "));
  history.replaceState(null, "", `#${kept}`);
};

const recall = () => {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const name of ["op", "setting", "reference"]) view[name] = kept.get(name) || "";
  view.width = Number(kept.get("width")) || 0;
  view.calls = Number(kept.get("calls")) || 1000;
  view.cell = kept.has("cell") ? Number(kept.get("cell")) : -1;
  view.hidden = new Set((kept.get("hidden") || "").split(" ").filter(Boolean));
};
