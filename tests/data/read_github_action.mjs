// The rules by which github-action-benchmark reads `customSmallerIsBetter`: an array of objects, of
// which name, value, unit, range and extra are taken; none at all is an error. It compares values of
// equal names whatever their units, so names must differ and units must not. Prints what it took.
import { readFileSync } from "node:fs";

const kinds = { name: "string", value: "number", unit: "string", range: "string", extra: "string" };
const optional = new Set(["range", "extra"]);

function check(row, place) {
  for (const [field, kind] of Object.entries(kinds)) {
    const absent = row[field] === undefined && optional.has(field);
    if (!absent && typeof row[field] !== kind) {
      throw new Error(`row ${place}: ${field} is ${JSON.stringify(row[field])}`);
    }
  }
  if (!Number.isFinite(row.value)) throw new Error(`row ${place}: value is not finite`);
}

const rows = JSON.parse(readFileSync(process.argv[2], "utf8"))
  .map(({ name, value, unit, range, extra }) => ({ name, value, unit, range, extra }));
if (rows.length === 0) throw new Error("no benchmark result was found");
rows.forEach(check);
if (new Set(rows.map((row) => row.name)).size < rows.length) throw new Error("a name twice");
if (new Set(rows.map((row) => row.unit)).size > 1) throw new Error("values of different units");
console.log(JSON.stringify(rows));
