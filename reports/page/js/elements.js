// Elements and data. Text from result files only ever becomes textContent, or a label through `plain`.

const unpack = async (id) => {
  const packed = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.map((each) => (each instanceof Node ? each : String(each))));
  return element;
};

const spaced = (count) => count.toLocaleString("en").replace(/,/g, "\u202f");
const plural = (count, one, many = `${one}s`) => `${spaced(count)} ${count === 1 ? one : many}`;

const cut = (text, most = 160) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// Plotly reads its labels as a small HTML: what may come from a file must not start a tag there.
const plain = (text) => {
  return cut(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
};
