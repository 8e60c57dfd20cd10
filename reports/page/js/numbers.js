// Numbers as people read them: the rules of `reports/prose/numbers.py`, held against them by test.

const UNITS = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
const BYTES = ["B", "kB", "MB", "GB", "TB", "PB"];
const unitOf = (seconds) => UNITS.find(([size]) => seconds >= size) || UNITS[3];
const order = (value) => Math.floor(Math.log10(value));

// So many places after the point; what lies exactly halfway goes to the even digit, as in Python.
const fixed = (value, places) => {
  if (places < 0) {
    const parts = value * 10 ** places;
    const near = Math.round(parts);
    return ((parts % 1 === 0.5 && near % 2 ? near - 1 : near) * 10 ** -places).toFixed(0);
  }
  const exact = value.toFixed(100);
  const end = exact.indexOf(".") + 1 + places;
  const kept = exact.slice(0, places ? end : end - 1);
  const halfway = /^50*$/.test(exact.slice(end));
  return halfway && Number(kept.at(-1)) % 2 === 0 ? kept : value.toFixed(Math.min(places, 100));
};

const digits = (value, count) =>
  value >= 1e-6 && value < 1e7 ? fixed(value, count - 1 - order(value)) : value.toExponential(count - 1);

// As many digits as the interval supports: down to the first digit of half of it, and one more
// where that digit is 1; `extra` more on request.
const interval = (value, low, high, extra = 0) => {
  if (high > 2 * low) {
    const count = 2 + extra;
    const below = low * 100 < value && !extra ? `< ${digits(value / 100, 1)}` : digits(low, count);
    const above = high > 100 * value && !extra ? `> ${digits(value * 100, 1)}` : digits(high, count);
    return [digits(value, count), below, above];
  }
  const half = 0.5 * (high - low);
  const place = half > 0 ? -order(half) + (half / 10 ** order(half) < 2 ? 1 : 0) : 99;
  const places = Math.min(place, 3 - order(value)) + extra;
  return [value, low, high].map((each) => fixed(each, places));
};

const judged = (low, high, margin) => {
  if (low > 1 + margin) return "slower";
  if (high < 1 / (1 + margin)) return "faster";
  return low >= 1 / (1 + margin) && high <= 1 + margin ? "same" : "inconclusive";
};

// Printed ends that alone would lead to the same verdict.
const saying = (wanted, value, low, high) => {
  let shown = [];
  for (let extra = 0; extra < 12; extra += 1) {
    shown = interval(value, low, high, extra);
    const least = shown[1].startsWith("<") ? 0 : Number(shown[1]);
    const most = shown[2].startsWith(">") ? Infinity : Number(shown[2]);
    if (judged(least, most, page.margin) === wanted) break;
  }
  return shown;
};

const showTime = (value, low, high) => {
  if (value === null) return "no number";
  const [size, unit] = unitOf(value);
  if (low === null || high === null) return `${digits(value / size, 3)} ${unit}`;
  const [middle, least, most] = interval(value / size, low / size, high / size);
  return `${middle} ${unit} [${least}, ${most}]`;
};

const showOnce = (seconds) => {
  if (!seconds || seconds <= 0) return "–";
  const [size, unit] = unitOf(seconds);
  return `${digits(seconds / size, 2)} ${unit}`;
};

const showBytes = (count) => {
  let place = 0;
  for (; count >= 1000 && place < BYTES.length - 1; place += 1) count /= 1000;
  return `${count ? Number(digits(count, 3)) : 0} ${BYTES[place]}`;
};

// A ratio of times with its verdict, as a factor: `2.31× faster [2.21, 2.41]`.
const showRatio = ({ value, low, high, verdict }) => {
  if (low === null || high === null) return `${digits(value, 2)}× the time, no interval`;
  const shown = verdict === "faster"
    ? saying("slower", 1 / value, 1 / high, 1 / low) : saying(verdict, value, low, high);
  const ends = `[${shown[1]}, ${shown[2]}]`;
  if (verdict === "same") return `same within ${Number((100 * page.margin).toPrecision(2))} % ${ends}`;
  return verdict === "inconclusive" ? `inconclusive ${ends}` : `${shown[0]}× ${verdict} ${ends}`;
};

const spaced = (count) => count.toLocaleString("en").replace(/,/g, "\u202f");
const plural = (count, one, many = `${one}s`) => `${spaced(count)} ${count === 1 ? one : many}`;
