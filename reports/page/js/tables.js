// Tables that sort, filter and page. The server wrote each table's first rows; the rest is data.

const PAGE_ROWS = 50;
const PRINTED_ROWS = 100;
const LONGEST = 400; // characters of an entry; the files beside the page hold all

const rowOf = (table, row, before) => {
  const fresh = before && before[0] !== row[0] ? "new" : "";
  return make("tr", { class: fresh }, ...row.map((text, place) => {
    const kind = table.right.includes(place) ? "figure" : table.wraps.includes(place) ? "text" : "";
    return place < table.heads ? make("th", { scope: "row", class: kind }, cut(text, LONGEST)) : make("td", { class: kind }, cut(text, LONGEST));
  }));
};

// By the number behind a text where it has one, else by the text; what has no number comes last.
const sorted = (table, places, column, down) => {
  const keys = table.keys[column];
  const sign = down ? -1 : 1;
  const value = (place) => (keys ? keys[place] : null);
  return [...places].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a !== null && b !== null) return sign * (a - b) || one - other;
    if (a !== null || b !== null) return a === null ? 1 : -1;
    return sign * table.rows[one][column].localeCompare(table.rows[other][column], "en", { numeric: true }) || one - other;
  });
};

// A number is found as a whole: 20480 is not in 204800.
const holds = (text, word) => (/^\d+$/.test(word) ? new RegExp(`(^|[^\\d.])${word}($|[^\\d.])`).test(text) : text.includes(word));

const lively = (region, table) => {
  const state = { column: -1, down: false, words: "", first: 0 };
  const element = region.querySelector("table");
  const body = element.tBodies[0];
  const heads = [...element.tHead.rows[0].cells];
  const lower = table.rows.map((row) => row.join(" ").toLowerCase());
  const status = make("output", { class: "count" });
  const search = make("input", { type: "search", placeholder: "filter, e.g. torch 20480", "aria-label": `Filter: ${table.caption}` });
  const back = make("button", { type: "button", onclick: () => turn(-PAGE_ROWS) }, "‹ before");
  const next = make("button", { type: "button", onclick: () => turn(PAGE_ROWS) }, "next ›");

  const printed = make("p", { class: "printed" });

  const show = (rows = PAGE_ROWS) => {
    const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
    let places = lower.map((_, place) => place).filter((place) => words.every((word) => holds(lower[place], word)));
    if (state.column >= 0) places = sorted(table, places, state.column, state.down);
    state.first = Math.max(0, Math.min(state.first, places.length - 1));
    const shown = places.slice(state.first, state.first + rows);
    body.replaceChildren(...shown.map((place, at) => rowOf(table, table.rows[place], at > 0 && state.column < 0 && table.rows[shown[at - 1]])));
    const last = state.first + shown.length;
    const span = places.length > PAGE_ROWS ? `${state.first + 1}–${last} of ` : "";
    status.textContent = `${span}${plural(places.length, "row")}${places.length < table.rows.length ? ` of ${spaced(table.rows.length)}` : ""}`;
    const filtered = state.words ? `, filtered by “${state.words}”` : "";
    printed.textContent = `Rows ${shown.length ? state.first + 1 : 0} to ${last} of ${table.rows.length}${filtered}.`;
    back.disabled = state.first === 0;
    next.disabled = last >= places.length;
    back.hidden = next.hidden = places.length <= PAGE_ROWS;
  };
  const turn = (by) => { state.first += by; show(); };
  const sortBy = (column) => {
    const again = state.column === column;
    Object.assign(state, again && state.down ? { column: -1, down: false, first: 0 } : { column, down: again, first: 0 });
    heads.forEach((head, place) => head.setAttribute("aria-sort", place !== state.column ? "none" : state.down ? "descending" : "ascending"));
    show();
  };
  heads.forEach((head, place) => head.replaceChildren(make("button", { type: "button", class: "sort", onclick: () => sortBy(place) }, head.textContent)));
  search.addEventListener("input", () => { Object.assign(state, { words: search.value, first: 0 }); show(); });
  region.before(make("div", { class: "tools", role: "group", "aria-label": table.caption }, search, status, back, next));
  region.append(printed);
  addEventListener("beforeprint", () => show(PRINTED_ROWS));
  addEventListener("afterprint", () => show());
  show();
};

const enliven = () => {
  for (const region of document.querySelectorAll("[data-table]")) lively(region, page.tables[Number(region.dataset.table)]);
};
