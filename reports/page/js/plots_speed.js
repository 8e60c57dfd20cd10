// Time against width, and how many times faster than a chosen reference.

const drawTimes = () => {
  const cells = timed();
  if (!cells.length) return { missing: "No cell of this choice has a number; the table says why." };
  const points = (line) => line.map((cell) => ({ width: cell.width, value: cell.time, low: cell.low, high: cell.high, hover: hoverOf(cell) }));
  const found = [...lines(cells)];
  const all = found.flatMap(([, line]) => points(line));
  const refused = chosen().length - cells.length;
  return {
    traces: found.flatMap(([name, line]) => banded(name, lookOf(line[0]), points(line))),
    layout: { xaxis: widthAxis(widthsOf(cells)), yaxis: logAxis("time of a call", all, timeLabel) },
    summary: `${span(cells)} Both axes are logarithmic; bands and bars are 95 % intervals.` +
      (refused ? ` ${plural(refused, "cell")} without a number not drawn.` : ""),
  };
};

// How many cells, and between which times: who is faster than whom is the ratios' to say.
const span = (cells) => {
  const ordered = [...cells].sort((a, b) => a.time - b.time);
  const [least, most] = [ordered[0], ordered.at(-1)].map((cell) => cell.time_text);
  return `${plural(cells.length, "cell")} at ${plural(widthsOf(cells).length, "width")}, from ${least} to ${most}.`;
};

// Ratios of the chosen cells to the reference, as speed-ups. Cells of other runs or rounds have none.
const speedups = () => {
  const found = [];
  for (const cell of timed()) {
    if (nameOf(cell) === view.reference) continue;
    const pair = cell.pairs.find((each) => nameOf(each.base) === view.reference && each.base.curve === cell.curve);
    if (pair) found.push({ cell, pair });
  }
  return found;
};

const drawSpeedups = () => {
  const found = speedups();
  const others = timed().filter((cell) => nameOf(cell) !== view.reference);
  if (!found.length) {
    return { missing: others.length ? "Nothing here was measured in the same rounds as this reference, so there is no ratio." : "There is nothing to compare with this reference." };
  }
  const byName = new Map();
  for (const { cell, pair } of found) {
    const point = {
      width: cell.width, value: 1 / pair.value, low: pair.high && 1 / pair.high, high: pair.low && 1 / pair.low,
      hover: `<b>${plain(cell.id)}</b><br>${pair.text} · ${plural(pair.launches, "launch", "launches")}<br>against ${plain(pair.base.id)}`,
    };
    if (!byName.has(nameOf(cell))) byName.set(nameOf(cell), { series: lookOf(cell), points: [] });
    byName.get(nameOf(cell)).points.push(point);
  }
  const all = [...byName.values()].flatMap((each) => each.points);
  const widths = widthsOf(found.map(({ cell }) => cell));
  const counts = page.verdicts.map((name) => [name, found.filter(({ pair }) => pair.verdict === name).length]);
  const said = counts.filter(([, count]) => count).map(([name, count]) => `${name} in ${count}`).join(", ");
  const apart = others.length - found.length;
  for (const { points } of byName.values()) points.sort((a, b) => a.width - b.width);
  return {
    traces: [...byName].flatMap(([name, each]) => banded(name, each.series, each.points)),
    layout: {
      xaxis: widthAxis(widths), yaxis: logAxis("times faster", all, factorLabel, [1]),
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 1, y1: 1, line: { color: colour("ink"), width: 1 } }],
    },
    summary: `Against ${view.reference}, ${plural(found.length, "cell")}: ${said}. Above 1 is faster than the reference; paired round by round.` +
      (apart ? ` ${plural(apart, "cell")} not measured in the same rounds: no ratio.` : ""),
  };
};
