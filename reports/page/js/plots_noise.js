// Where one cell's noise is: every burst, by launch and round. And where devices cross over.

const SHADES = [1, 0.6, 0.8, 0.45, 0.7];

const drawSamples = () => {
  const cell = page.cells[view.cell];
  if (!cell) return { missing: "No cell of this choice has a number." };
  const launches = page.samples[cell.place];
  if (!launches) return { missing: `The bursts of ${nameOf(cell)} at width ${cell.width} are not in this page, which holds only so many; \`xbench report --only\` makes a page of fewer cells.` };
  let along = 0;
  const traces = [];
  const medians = [];
  launches.forEach(({ parts, slow }, launch) => {
    const seconds = parts.map((each) => cell.time * (1 + each / 10000));
    const first = along + 1;
    const places = seconds.map(() => (along += 1));
    const calm = seconds.map((_, round) => !slow.includes(round));
    traces.push({
      x: places, y: seconds, mode: "markers", name: `launch ${launch + 1}`,
      marker: { color: cell.series.colour, opacity: SHADES[launch % SHADES.length], size: 7, symbol: calm.map((each) => (each ? "circle" : "x")) },
      customdata: seconds.map((each, round) => `<b>${plain(cell.id)}</b><br>launch ${launch + 1}, round ${round + 1}: ${timeLabel(each)}${calm[round] ? "" : "<br>the machine itself was slow just before (canary)"}`),
      hovertemplate: "%{customdata}<extra></extra>", showlegend: false,
    });
    const ordered = [...seconds].sort((a, b) => a - b);
    const middle = 0.5 * (ordered[(ordered.length - 1) >> 1] + ordered[ordered.length >> 1]);
    medians.push({ first, last: along, middle });
    along += 1.5;
  });
  const marks = medians.map(({ first, last, middle }) => ({
    type: "line", x0: first - 0.4, x1: last + 0.4, y0: middle, y1: middle, line: { color: colour("ink"), width: 2 },
  }));
  const band = cell.low === null ? [] : [{
    type: "rect", xref: "paper", x0: 0, x1: 1, y0: cell.low, y1: cell.high, line: { width: 0 }, fillcolor: faint(cell.series.colour, 0.12), layer: "below",
  }];
  const all = traces.flatMap((each) => each.y);
  const middles = medians.map(({ first, last }) => 0.5 * (first + last));
  const labels = medians.map((_, launch) => String(launch + 1));
  const shown = middles.map((_, place) => place % Math.ceil(middles.length / 20) === 0);
  const slow = launches.reduce((sum, each) => sum + each.slow.length, 0);
  return {
    traces,
    layout: {
      xaxis: axis({ title: "launch, rounds in the order taken", tickmode: "array", tickvals: middles.filter((_, place) => shown[place]), ticktext: labels.filter((_, place) => shown[place]), showgrid: false }),
      yaxis: axis({ title: "time of a call, burst by burst", ...evenTicks(all, timeLabel) }), shapes: [...band, ...marks],
    },
    summary: `${nameOf(cell)} at width ${cell.width}: ${cell.time_text}. Each point is a burst of ${plural(cell.calls, "call")}, each line a launch's median, the band the 95 % interval of the figure.` +
      (slow ? ` Crosses: ${plural(slow, "round")} before which the machine itself was slow.` : ""),
  };
};

// The chosen operation on every device, with the chosen dtype, threads and math: where another device
// takes over.
const drawCrossover = () => {
  const kind = page.curves.find((each) => each.op === view.op && each.setting === view.setting).kind;
  const fits = (each) => each.op === view.op && each.kind === kind;
  const devices = unique(page.curves.filter(fits).map((each) => each.device));
  if (devices.length < 2) return { missing: `${view.op} was measured on ${devices[0] || "no device"} only, so there is no width at which another device takes over.` };
  const cells = page.cells.filter((cell) => fits(cell.curve) && cell.time !== null && !view.hidden.has(cell.series.mode) && !view.hidden.has(cell.series.backend));
  const byLine = new Map();
  for (const cell of cells) {
    const name = `${nameOf(cell)}, ${cell.curve.device}`;
    if (!byLine.has(name)) byLine.set(name, []);
    byLine.get(name).push(cell);
  }
  const traces = [...byLine].flatMap(([name, line]) => {
    line.sort((a, b) => a.width - b.width);
    const look = lookOf(line[0]);
    return banded(name, { ...look, hollow: line[0].curve.device !== "cpu" }, line.map((cell) => ({ width: cell.width, value: cell.time, low: cell.low, high: cell.high, hover: hoverOf(cell) })));
  });
  const found = page.crossings.filter(fits);
  const tint = (backend) => page.series.find((each) => each.backend === backend).colour;
  const shapes = found.filter((each) => each.ends).map((each) => ({
    type: "rect", yref: "paper", y0: 0, y1: 1, x0: each.ends[0], x1: each.ends[1], line: { width: 0 }, fillcolor: faint(tint(each.backend), 0.18), layer: "below",
  }));
  const points = cells.map((cell) => ({ value: cell.time, low: cell.low, high: cell.high }));
  return {
    traces, layout: { xaxis: widthAxis(widthsOf(cells)), yaxis: logAxis("time of a call", points, timeLabel), shapes },
    summary: `${found.map((each) => each.said).join(" ") || "No crossover is known."} Devices do not run in the same rounds: these are not paired.`,
  };
};
