// Why a time is what it is: rates against ceilings, what starting costs, memory.

const MOST_POINTS = 1500;
const MODES = { eager: "circle", graph: "square", compiled: "triangle-up" };

// Cells of all operations in the chosen setting where they can be drawn, else of the chosen one.
const roofCells = () => {
  const fits = (cell) => cell.time !== null && cell.flop > 0 && cell.bytes > 0 && cell.curve.setting === view.setting &&
    !view.hidden.has(cell.series.backend) && !view.hidden.has(cell.series.mode);
  const all = page.cells.filter(fits);
  return all.length <= MOST_POINTS ? all : all.filter((cell) => cell.curve.op === view.op);
};

const drawRoofline = () => {
  const cells = roofCells();
  if (!cells.length) return { missing: "No cell of this setting does arithmetic that could be counted." };
  const points = cells.map((cell) => ({ cell, x: cell.flop / cell.bytes, value: (cell.flop / cell.time) * 1e-9, low: null, high: null }));
  const byWay = new Map();
  for (const point of points) {
    const { backend, mode } = point.cell.series;
    const name = inRun(`${backend} ${mode}`, point.cell.curve.run);
    if (!byWay.has(name)) byWay.set(name, []);
    byWay.get(name).push(point);
  }
  const strong = (point) => point.cell.curve.op === view.op;
  const traces = [...byWay].map(([name, found]) => ({
    x: found.map((each) => each.x), y: found.map((each) => each.value), mode: "markers", name: plain(name),
    customdata: found.map((each) => hoverOf(each.cell, each.cell.rate_text)),
    hovertemplate: "%{customdata}<extra></extra>",
    marker: { ...look({ ...lookOf(found[0].cell), symbol: MODES[found[0].cell.series.mode] || "triangle-down" }).marker, size: 9, opacity: found.map((each) => (strong(each) ? 1 : 0.3)) },
  }));
  const [roof, said] = roofs(cells, points);
  const all = [...points, ...roof.flatMap((each) => each.y.map((value) => ({ value, low: null, high: null })))];
  const along = points.map((each) => ({ value: each.x, low: null, high: null }));
  return {
    traces: [...roof, ...traces],
    layout: {
      xaxis: logAxis("FLOP per byte moved", along, numberLabel),
      yaxis: logAxis("GFLOP/s", all, numberLabel),
    },
    summary: `${said} Strong points are ${view.op}; pale ones are other operations in the same setting. Bytes are those the mode must move, not what a cache saves.`,
  };
};

const roofs = (cells, points) => {
  const known = unique(cells.map((cell) => cell.curve.ceilings)).filter((each) => each !== null);
  const ends = [Math.min(...points.map((each) => each.x)) / 2, Math.max(...points.map((each) => each.x)) * 2];
  const traces = [];
  const said = [];
  for (const { label, bandwidths, compute, text, run } of known.map((each) => page.ceilings[each])) {
    const places = Object.entries(bandwidths);
    if (!text) continue;
    for (const [place, bandwidth] of places) {
      const knee = compute / bandwidth;
      const x = [...new Set([ends[0], Math.min(Math.max(knee, ends[0]), ends[1]), ends[1]])];
      const memory = place === "memory";
      traces.push({
        x, y: x.map((each) => Math.min(each * bandwidth, compute) * 1e-9), mode: "lines", name: inRun(`ceiling of ${place}`, run), hoverinfo: "skip",
        line: { color: colour("ink"), width: memory ? 1.5 : 1, dash: memory ? (run % 2 ? "dash" : "solid") : "dot" },
      });
    }
    said.push(`${inRun("Ceilings", run)} measured on ${label}: ${text}.`);
  }
  return [traces, said.join(" ") || "No ceilings were measured for this setting."];
};

const atWidth = () => timed().filter((cell) => cell.width === view.width);

const drawPhases = () => {
  const cells = atWidth().sort((a, b) => total(b) - total(a));
  if (!cells.length) return { missing: "No cell has a number at this width." };
  const steady = plural(view.calls, "call");
  const parts = [
    ["start-up", "#999999", (cell) => cell.open || 0, (cell) => cell.open_text],
    ["building", "#56B4E9", (cell) => cell.build || 0, (cell) => cell.build_text],
    ["first call", "#E69F00", (cell) => cell.first || 0, (cell) => cell.first_text],
    [steady, "#0072B2", (cell) => view.calls * cell.time, (cell) => roughTime(view.calls * cell.time)],
  ];
  return {
    traces: parts.map(([name, color, part, text]) => ({
      type: "bar", orientation: "h", name, y: cells.map((cell) => plain(nameOf(cell))), x: cells.map(part), marker: { color },
      customdata: cells.map((cell) => hoverOf(cell, `${name}: ${text(cell)} of ${roughTime(total(cell))}`)),
      hovertemplate: "%{customdata}<extra></extra>",
    })),
    layout: { barmode: "stack", xaxis: axis({ title: "seconds", rangemode: "tozero" }), yaxis: axis({ showline: false, ticks: "" }) },
    height: 30 + 27 * cells.length,
    summary: `At width ${view.width}, with ${steady}. Start-up is the import; the first call traces and compiles. Both were read once and have no interval, so the order of the bars is no verdict.`,
  };
};

const total = (cell) => (cell.open || 0) + (cell.build || 0) + (cell.first || 0) + view.calls * cell.time;

const drawBreakEven = () => {
  const cells = atWidth();
  if (!cells.length) return { missing: "No cell has a number at this width." };
  const counts = Array.from({ length: 49 }, (_, place) => 10 ** (place / 8));
  const spent = (cell, count) => (cell.build || 0) + (cell.first || 0) + (count - 1) * cell.time;
  const points = cells.flatMap((cell) => [1, 1e6].map((count) => ({ value: spent(cell, count), low: null, high: null }))).filter((each) => each.value > 0);
  return {
    traces: cells.map((cell) => ({
      x: counts, y: counts.map((count) => spent(cell, count)), mode: "lines", name: plain(nameOf(cell)), line: look(lookOf(cell)).line,
      customdata: counts.map((count) => hoverOf(cell, `${countLabel(count)} calls take ${roughTime(spent(cell, count))}`)),
      hovertemplate: "%{customdata}<extra></extra>",
    })),
    layout: {
      xaxis: axis({ title: "calls", type: "log", range: [0, 6], ...logTicks(1, 1e6, countLabel) }),
      yaxis: logAxis("time from building on", points, timeLabel),
    },
    summary: `At width ${view.width}: building, first call and so many calls. Where two lines cross, the one that starts slowly has paid for itself; the table “when leaving eager mode pays” has the intervals.`,
  };
};

const NEUTRAL = () => ({ colour: colour("soft"), dash: "solid", symbol: "circle" });

const drawMemory = () => {
  const cells = chosen().filter((cell) => cell.predicted > 0);
  if (!cells.length) return { missing: "No memory figure is known." };
  const measured = cells.some((cell) => cell.peak);
  const alike = !measured && widthsOf(cells).every((width) => new Set(cells.filter((cell) => cell.width === width).map((cell) => cell.predicted)).size === 1);
  const found = alike ? [["every backend and mode", [...lines(cells).values()].sort((a, b) => b.length - a.length)[0]]] : [...lines(cells)];
  const value = (cell) => (measured ? cell.peak : cell.predicted);
  const said = (cell) => (measured ? `${cell.peak_text} at the peak, measured once` : `${cell.predicted_text} predicted`);
  const points = cells.filter(value).map((cell) => ({ value: value(cell), low: null, high: null }));
  return {
    traces: found.map(([name, line]) => ({
      x: line.filter(value).map((cell) => cell.width), y: line.filter(value).map(value), name: plain(name), mode: "lines+markers", ...look(alike ? NEUTRAL() : lookOf(line[0])), showlegend: true,
      customdata: line.filter(value).map((cell) => `<b>${plain(cell.id)}</b><br>${said(cell)}`),
      hovertemplate: "%{customdata}<extra></extra>",
    })),
    layout: { xaxis: widthAxis(widthsOf(cells)), yaxis: logAxis(measured ? "peak memory of a call" : "memory, predicted", points, byteLabel) },
    summary: measured
      ? "Peak memory while inputs are put, the step is built and a few calls run, beyond what the process held before; one fresh process a cell, allocator as shipped. Compiled modes carry what their compiler took."
      : "Predicted from the shapes: inputs, two copies of the state, results and what eager operators keep. Not measured in these results; `xbench run --memory` does.",
  };
};
