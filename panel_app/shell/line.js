// The line to the session: two data sources of Bokeh, one in each direction, over Panel's websocket.
"use strict";
(() => {
  const { about, place, root, tell } = app;
  const STEADY_MS = 5000;
  let count = 0;

  const model = (name) => {
    for (const each of window.Bokeh?.documents ?? []) {
      const found = each.get_model_by_name(name);
      if (found) return found;
    }
    return null;
  };

  const connect = () => {
    const asked = model("asked"), told = model("told");
    if (!asked || !told) return requestAnimationFrame(connect);
    told.properties.data.change.connect(() => tell(told.data));
    told.document.on_event("connection_lost", lost);
    app.connected((changes) => {
      const name = Object.keys(changes);
      count += 1; // What is asked twice is two questions: data that are the same as before are not sent.
      asked.data = { name, value: Object.values(changes).map(String), time: name.map(() => count) };
    });
  };

  // A lost connection is shown once. When the server answers again the page is reloaded; the selection
  // is in its address.
  const lost = () => {
    root.dataset.line = "lost";
    delete root.dataset.asking;
    const notices = place("notice");
    if (notices.querySelector(".lost")) return;
    notices.innerHTML = "";
    const box = document.createElement("div"), text = document.createElement("p"), again = document.createElement("button");
    box.className = "notice lost";
    text.textContent = about.words.lost;
    again.textContent = about.words.again;
    again.type = "button";
    again.addEventListener("click", () => window.location.reload());
    box.append(text, again);
    notices.append(box);
    // Not if connections break at once, because the page would reload for ever.
    if (performance.now() > STEADY_MS) mend(1000);
  };
  const mend = async (wait) => {
    await new Promise((rest) => setTimeout(rest, wait));
    const { src } = document.querySelector("script[src]");
    const answer = document.hidden ? null : await fetch(src, { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer?.ok) window.location.reload();
    else mend(Math.min(2 * wait, 30000));
  };

  Object.assign(app, { connect, lost, model });
})();
