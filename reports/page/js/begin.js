// Unpack, then bring the page to life. Without scripts, or in a browser too old for them, the page
// shows its figures and the first rows of each table as they were written.

const alive = async () => {
  begin(JSON.parse(await unpack("data")));
  document.documentElement.classList.add("alive");
  enliven();
  if (!document.getElementById("plotly")) return;
  document.head.append(make("script", {}, await unpack("plotly")));
  explore();
};

const began = typeof DecompressionStream === "undefined" ? Promise.resolve() : alive();
began.finally(() => { document.documentElement.dataset.ready = "yes"; });
