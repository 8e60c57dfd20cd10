// The course of one cell or curve: times over their level, run by run, with what changed when.

const HUES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999"];

const course = (cell, place, runs) => ({
  x: cell.at, y: cell.over, mode: "lines+markers",
  name: plain(cell.width ? `width ${cell.width}` : cell.id),
  line: { color: HUES[place % HUES.length], width: 2 }, marker: { size: 6 },
  customdata: cell.at.map((at, nth) => {
    const run = runs[at];
    const more = [...run.changed, ...run.accepted.map((why) => `accepted: ${why}`)];
    return [`<b>${plain(cell.id)}</b>`, plain(run.id), cell.texts[nth], ...more.map(plain)].join("<br>");
  }),
  hovertemplate: "%{customdata}<extra></extra>",
});

const upright = (at, line) => ({ type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line });
const label = (at, y, text, ink) => ({
  x: at, y, xref: "x", yref: "paper", text, showarrow: false, textangle: -90, xanchor: "right", yanchor: "top",
  font: { size: 11, color: ink },
});

// Steps are solid and red, changes of versions dotted, acceptances dashed.
const marks = (row, runs) => {
  const shapes = [];
  const annotations = [];
  runs.forEach((run, at) => {
    if (run.changed.length && at) {
      shapes.push(upright(at - 0.5, { color: colour("soft"), width: 1, dash: "dot" }));
      annotations.push(label(at - 0.5, 0.99, plain(cut(run.changed.join("; "), 60)), colour("soft")));
    }
    if (run.accepted.length) {
      shapes.push(upright(at, { color: colour("link"), width: 1, dash: "dash" }));
      annotations.push(label(at, 0.6, plain(cut(`accepted: ${run.accepted.join("; ")}`, 60)), colour("link")));
    }
  });
  for (const [at, change, cells] of row.steps) {
    shapes.push(upright(at - 0.5, { color: "#c0392b", width: 2 }));
    const of = row.cells.length > 1 ? ` (${cells} of ${row.cells.length})` : "";
    annotations.push({ ...label(at - 0.5, 0.02, `step ${change}${of}`, "#c0392b"), yanchor: "bottom" });
  }
  return { shapes, annotations };
};

const draw = (found) => {
  const row = found.rows[Number(document.getElementById("row").value)];
  const shown = found.runs.map((_, at) => at).filter((at) => at % Math.ceil(found.runs.length / 12) === 0);
  const level = { type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: 1, y1: 1, line: { color: colour("ink"), width: 1 } };
  const { shapes, annotations } = marks(row, found.runs);
  Plotly.react("plot", row.cells.map((cell, place) => course(cell, place, found.runs)), layout({
    xaxis: axis({ title: "run", tickmode: "array", tickvals: shown, ticktext: shown.map((at) => plain(found.runs[at].when)) }),
    yaxis: axis({ title: "time over its baseline", type: "log" }),
    shapes: [level, ...shapes], annotations, showlegend: row.cells.length > 1,
  }), CONFIG);
  document.getElementById("about").textContent = row.about;
};

const alive = async () => {
  const found = JSON.parse(await unpack("data"));
  document.head.append(make("script", {}, await unpack("plotly")));
  const list = document.getElementById("row");
  list.append(...found.rows.map((row, place) => make("option", { value: place }, cut(row.name))));
  list.addEventListener("change", () => draw(found));
  document.getElementById("explore").hidden = false;
  if (found.rows.length) draw(found);
};

const began = typeof DecompressionStream === "undefined" ? Promise.resolve() : alive();
began.finally(() => { document.documentElement.dataset.ready = "yes"; });
