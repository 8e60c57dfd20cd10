// One look for every plot, in the page's own colours; and where plots stand.

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';
const CONFIG = {
  responsive: true, displaylogo: false, displayModeBar: "hover",
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
  toImageButtonOptions: { format: "svg", filename: "xbench" },
};

const BELOW = 52; // pixels for tick labels and the axis title

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const axis = (changes = {}) => ({
  gridcolor: colour("grid"), linecolor: colour("soft"), tickcolor: colour("soft"), zeroline: false,
  showline: true, ticks: "outside", ticklen: 4, fixedrange: false, automargin: true, ...changes,
  title: { text: changes.title || "", standoff: 8, font: { size: 13 } },
});

const layout = (changes) => ({
  font: { family: FONT, size: 12.5, color: colour("ink") },
  paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true, hovermode: "closest",
  margin: { l: 62, r: 14, t: 10, b: BELOW }, separators: ". ",
  hoverlabel: { bgcolor: colour("paper"), bordercolor: colour("soft"), font: { family: FONT, size: 12.5, color: colour("ink") }, align: "left" },
  legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top", font: { size: 12 }, itemwidth: 30 },
  ...changes,
});

// Ticks at 1, 2 and 5 of each decade, or fewer where that would be too many.
const logTicks = (low, high, label, most = 8) => {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  let inside = [];
  for (const [steps, stride] of [[[1, 2, 5], 1], [[1, 3], 1], [[1], 1], [[1], 2], [[1], 3], [[1], 6]]) {
    inside = [];
    for (let decade = first - (((first % stride) + stride) % stride); decade <= last; decade += stride) {
      inside.push(...steps.map((step) => step * 10 ** decade));
    }
    inside = inside.filter((each) => each >= low && each <= high);
    if (inside.length <= most) break;
  }
  return { tickmode: "array", tickvals: inside, ticktext: inside.map(label) };
};

// Labels: of ticks, and of the figures that no table has and that are too many to be sent as texts,
// which are a burst's time and what so many calls take. Every other figure comes as text.
const TIMES = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
const BYTES = [[1e15, "PB"], [1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"], [1, "B"]];
const rounded = (value, most = 3) => Number(value.toPrecision(most));
const inUnits = (units, value, most) => {
  const [size, unit] = units.find(([each]) => value >= 0.999 * each) || units.at(-1);
  return `${rounded(value / size, most)} ${unit}`;
};
const timeLabel = (seconds) => inUnits(TIMES, seconds);
const roughTime = (seconds) => inUnits(TIMES, seconds, 2); // of sums with what was read once
const byteLabel = (count) => inUnits(BYTES, count);
const factorLabel = (factor) => `${rounded(factor)}×`;
const numberLabel = (value) => String(rounded(value));
const countLabel = (count) => (count >= 1e6 ? `${rounded(count / 1e6)}M` : count >= 1e4 ? `${rounded(count / 1e3)}k` : numberLabel(count));

// Ticks of a linear axis that holds these values: at 1, 2 or 5 of a power of ten.
const evenTicks = (values, label) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rough = (high - low || high) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough);
  const first = Math.ceil(low / step - 1);
  const tickvals = Array.from({ length: 8 }, (_, place) => (first + place) * step).filter((each) => each <= high + step);
  return { tickmode: "array", tickvals, ticktext: tickvals.map(label) };
};

// A logarithmic axis that holds every value, and intervals as far as three times the extremes.
const logAxis = (title, points, label, also = []) => {
  const values = [...points.map((each) => each.value), ...also];
  if (!values.length) return axis({ title, type: "log" });
  const [least, most] = [Math.min(...values), Math.max(...values)];
  let low = Math.max(Math.min(least, ...points.map((each) => each.low ?? least)), least / 3);
  let high = Math.min(Math.max(most, ...points.map((each) => each.high ?? most)), most * 3);
  const room = Math.max(1.15, (high / low) ** 0.06);
  [low, high] = [low / room, high * room];
  const widen = Math.max(1, Math.sqrt((4 * low) / high));
  [low, high] = [low / widen, high * widen];
  return axis({ title, type: "log", range: [Math.log10(low), Math.log10(high)], ...logTicks(low, high, label) });
};

const widthAxis = (widths) => {
  const [first, last] = [widths[0], widths.at(-1)];
  const room = Math.max((last / first) ** 0.06, 1.3);
  const shown = widths.filter((_, place) => place % Math.ceil(widths.length / 9) === 0);
  return axis({
    title: "width", type: "log", range: [Math.log10(first / room), Math.log10(last * room)],
    tickmode: "array", tickvals: shown, ticktext: shown.map(String),
  });
};

const faint = (hex, share = 0.16) => {
  const parts = [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
  return `rgba(${parts.join(",")},${share})`;
};

// Runs on one page share colours; those after the first are paler, and hollow by turns.
const paler = (hex, run) => {
  const share = 1 - 0.75 ** run;
  const mixed = [1, 3, 5].map((place) => Math.round((1 - share) * parseInt(hex.slice(place, place + 2), 16) + share * 150));
  return `#${mixed.map((each) => each.toString(16).padStart(2, "0")).join("")}`;
};
const lookOf = ({ series, curve }) => ({ ...series, colour: paler(series.colour, 2 * curve.run), hollow: series.hollow !== (curve.run % 2 === 1) });

const look = (series) => ({
  line: { color: series.colour, dash: series.dash, width: 2 },
  marker: { color: series.colour, symbol: series.symbol + (series.hollow ? "-open" : ""), size: 8 },
});

// A line through points { width, value, low, high, hover }, and the band of their intervals.
const banded = (name, series, points) => {
  const at = (field) => points.map((each) => each[field]);
  const ends = points.filter((each) => each.low !== null && each.high !== null);
  const traces = [];
  if (ends.length > 1) {
    const back = [...ends].reverse();
    traces.push({
      x: [...ends, ...back].map((each) => each.width), y: [...ends.map((each) => each.high), ...back.map((each) => each.low)],
      fill: "toself", fillcolor: faint(series.colour), line: { width: 0 }, mode: "lines", hoverinfo: "skip",
      showlegend: false, legendgroup: name,
    });
  }
  traces.push({
    x: at("width"), y: at("value"), name: plain(name), legendgroup: name, mode: "lines+markers", customdata: at("hover"),
    hovertemplate: "%{customdata}<extra></extra>", ...look(series),
    error_y: {
      type: "data", symmetric: false, color: series.colour, thickness: 1.3, width: 3,
      array: points.map((each) => (each.high === null ? 0 : each.high - each.value)),
      arrayminus: points.map((each) => (each.low === null ? 0 : each.value - each.low)),
    },
  });
  return traces;
};

const hoverOf = (cell, ...more) => {
  const launches = cell.launches > 1 ? `${cell.launches} launches` : "one launch, no interval";
  const facts = [cell.time_text, launches, cell.bound && `bound: ${cell.bound}`];
  return [`<b>${plain(cell.id)}</b>`, facts.filter(Boolean).join(" · "), ...more].join("<br>");
};
