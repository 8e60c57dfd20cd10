// The controls, the plots they redraw, and the table of the chosen ratios.

const MOST_RATIOS = 200;
const CALLS = [1, 10, 100, 1000, 10000, 100000];
const atWidthChoice = () => ["at width", "width", widthsOf(timed()).map((each) => [each, each]), Number];
const callsChoice = () => ["with so many calls", "calls", CALLS.map((each) => [each, spaced(each)]), Number];
const cellChoice = () => ["cell", "cell", atWidth().map((cell) => [cell.place, nameOf(cell)]), Number];

// Name, title, what draws it, and the choices that concern it alone.
const PLOTS = [
  ["times", "Time against width", drawTimes, []],
  ["speedups", "How many times faster", drawSpeedups, []],
  ["phases", "Where the time goes", drawPhases, [atWidthChoice, callsChoice]],
  ["breakeven", "When compiling pays", drawBreakEven, [atWidthChoice]],
  ["roofline", "Against the machine's ceilings", drawRoofline, []],
  ["memory", "Memory against width", drawMemory, []],
  ["samples", "Every burst of one cell", drawSamples, [atWidthChoice, cellChoice]],
  ["crossover", "Where another device takes over", drawCrossover, []],
];

const choose = (where, [label, name, options, parse]) => {
  const select = make("select", { id: `${where}-${name}` });
  for (const [value, text] of options) {
    const option = make("option", { value }, cut(String(text), 80));
    option.selected = String(view[name]) === String(value);
    select.append(option);
  }
  select.addEventListener("change", () => { view[name] = parse(select.value); update(); });
  return make("label", { class: "choice" }, make("span", {}, label), select);
};

const toggle = (name, label) => {
  const box = make("input", { type: "checkbox", id: `show-${name}` });
  box.checked = !view.hidden.has(name);
  box.addEventListener("change", () => { if (box.checked) view.hidden.delete(name); else view.hidden.add(name); update(); });
  return make("label", { class: "toggle" }, box, cut(label || name, 80));
};

const group = (legend, names, named = (name) => name) =>
  make("fieldset", {}, make("legend", {}, legend), ...names.map((name) => toggle(name, named(name))));

const controls = () => {
  const all = page.cells.filter(({ curve }) => curve.op === view.op && curve.setting === view.setting);
  const backends = unique(all.map((cell) => cell.series.backend));
  const modes = unique(all.map((cell) => cell.series.mode));
  const settings = settingsOf(view.op);
  const same = (names) => names.map((name) => [name, name]);
  const setting = "dtype, device, threads";
  return [
    choose("main", ["operation", "op", same(unique(page.curves.map((each) => each.op))), String]),
    settings.length > 1 ? choose("main", [setting, "setting", same(settings), String]) : make("p", { class: "choice" }, make("span", {}, setting), cut(view.setting)),
    choose("main", ["compared with", "reference", same([...lines(timed()).keys()]), String]),
    ...(backends.length > 1 ? [group("backends", backends, (name) => page.names[name])] : []),
    ...(modes.length > 1 ? [group("modes", modes)] : []),
  ];
};

const frame = ([name, title]) =>
  make("figure", { id: `plot-${name}`, "aria-labelledby": `title-${name}` },
    make("h3", { id: `title-${name}` }, title), make("div", { class: "own" }), make("div", { class: "plot" }), make("figcaption", {}));

const paint = ([name, , drawn, choices]) => {
  const figure = document.getElementById(`plot-${name}`);
  const [place, caption] = [figure.querySelector(".plot"), figure.querySelector("figcaption")];
  const found = drawn();
  figure.querySelector(".own").replaceChildren(...choices.map((each) => choose(name, each())));
  place.hidden = Boolean(found.missing);
  caption.textContent = cut(found.missing || found.summary, 900);
  if (found.missing) { Plotly.purge(place); return; }
  const inner = found.height || 285;
  const entries = found.traces.filter((each) => each.showlegend !== false && each.name);
  const legend = legendHeight(entries.map((each) => each.name.length), place.clientWidth);
  const fresh = layout({ ...found.layout, height: inner + legend + 10 + BELOW });
  fresh.margin.b = legend + BELOW;
  fresh.legend.y = -(BELOW + 2) / inner;
  Plotly.react(place, found.traces, fresh, CONFIG);
  // The caption and the tables say in words what a reader of the screen would get as loose labels.
  for (const drawing of place.querySelectorAll("svg.main-svg")) drawing.setAttribute("aria-hidden", "true");
};

// Plotly puts entries of one width side by side; here is how high that gets.
const legendHeight = (lengths, width) => {
  if (!lengths.length) return 0;
  const columns = Math.max(1, Math.floor((width - 80) / (54 + 6.8 * Math.max(...lengths))));
  return 20 * Math.ceil(lengths.length / columns);
};

const ratioTable = () => {
  const region = document.getElementById("ratios");
  const found = speedups().sort((a, b) => a.cell.width - b.cell.width);
  const body = found.slice(0, MOST_RATIOS).map(({ cell, pair }) => make("tr", {},
    make("th", { scope: "row", class: "figure" }, cell.width), make("th", { scope: "row" }, cut(nameOf(cell))),
    make("td", { class: "figure" }, cell.time_text), make("td", {}, pair.text)));
  const heads = ["width", "cell", "time of a call [95 %]", cut(`against ${view.reference}`, 80)];
  region.replaceChildren(make("table", {},
    make("caption", {}, make("span", {}, cut(`${view.op}: against ${view.reference} (${view.setting})${found.length > MOST_RATIOS ? `, the first ${MOST_RATIOS} of ${found.length} ratios` : ""}`, 400))),
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))), make("tbody", {}, ...body)));
  region.hidden = !found.length;
};

// Focus stays on the control that was used, though all are made anew.
const update = () => {
  settle();
  const kept = document.activeElement ? document.activeElement.id : "";
  document.getElementById("controls").replaceChildren(...controls());
  PLOTS.forEach(paint);
  const again = kept && document.getElementById(kept);
  if (again) again.focus();
  ratioTable();
  remember();
};

const explore = () => {
  if (!page.cells.some((cell) => cell.time !== null)) return;
  document.getElementById("explore").hidden = false;
  const frames = PLOTS.map(frame);
  document.getElementById("ratios").before(...frames.slice(0, -1));
  document.getElementById("plots").append(frames.at(-1));
  recall();
  update();
  addEventListener("hashchange", () => { recall(); update(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => PLOTS.forEach(paint));
};
