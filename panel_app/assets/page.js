// What the page does by itself: themes the charts, keys and buttons move the period, and each
// painted map leaves a mark that can be measured.
(() => {
  const root = document.documentElement;
  const tokens = JSON.parse(document.getElementById("tokens").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const model = (name) => {
    for (const each of window.Bokeh?.documents ?? []) {
      const found = each.get_model_by_name(name);
      if (found) return found;
    }
    return null;
  };

  // Charts are drawn on canvas, which knows no CSS: tags say which property takes which token.
  const theme = () => {
    const colours = tokens[dark.matches ? "dark" : "light"];
    for (const doc of window.Bokeh.documents) {
      for (const each of doc._all_models.values()) {
        for (const tag of each.tags ?? []) {
          const [property, token] = String(tag).split(":");
          if (token && colours[token] && property in each.properties) {
            const spec = each.properties[property].spec;
            const value = spec?.value !== undefined ? { value: colours[token] } : colours[token];
            each.setv({ [property]: value }, { sync: false });
          }
        }
      }
    }
  };

  // On a small map the names of the insets are set smaller, to stay in their frames.
  const fit = () => {
    const small = document.querySelector(".map").clientWidth < 480;
    model("inset_names").setv({ text_font_size: { value: small ? "10px" : "12px" } }, { sync: false });
  };

  const painted = (key) => {
    // Bokeh repaints in the next frame: the one after has it on the screen.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      root.dataset.mapPainted = key;
      performance.mark("map-painted", { detail: key });
      root.dispatchEvent(new CustomEvent("map-painted", { detail: key }));
    }));
  };

  // What the page says: only the slots that changed are sent.
  const tell = ({ slot, html }) => {
    slot.forEach((name, i) => {
      if (name === "query") return history.replaceState(null, "", html[i]);
      const place = document.querySelector(`[data-slot="${name}"]`);
      place.innerHTML = html[i];
      const figure = place.closest("figure");
      if (figure && name.endsWith("_title")) figure.hidden = html[i] === "";
    });
  };

  const step = (by) => {
    const cursor = model("cursor");
    if (!cursor) return;
    const last = model("periods").data.left.length - 1;
    cursor.value = Math.min(last, Math.max(0, Number.isFinite(by) ? cursor.value + by : by > 0 ? last : 0));
  };

  const show = () => {
    const cursor = model("cursor"), { label, text } = model("periods").data;
    const row = cursor.value, last = label.length - 1;
    if (row > last) return;
    document.getElementById("period").textContent = label[row];
    document.getElementById("share").textContent = text[row];
    const slider = document.getElementById("timeline");
    slider.closest(".time").classList.toggle("single", last === 0);
    slider.setAttribute("aria-valuemax", last);
    slider.setAttribute("aria-valuenow", row);
    slider.setAttribute("aria-valuetext", [label[row], text[row]].filter(Boolean).join(", "));
    document.getElementById("previous").disabled = row === 0;
    document.getElementById("next").disabled = row === last;
  };

  const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: 12, PageDown: -12, Home: -Infinity, End: Infinity };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in KEYS)) return;
    const target = event.composedPath()[0];
    if (target.matches?.("input, select, textarea")) return;
    const onSlider = target.id === "timeline";
    if (!onSlider && !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    step(KEYS[event.key]);
  });

  document.addEventListener("click", (event) => {
    for (const each of event.composedPath()) {
      if (!each.dataset) continue;
      if (each.dataset.step) return step(Number(each.dataset.step));
      if (each.dataset.dismiss !== undefined) return each.parentNode.remove();
      if (each.dataset.departement !== undefined) {
        const land = model("land"), code = each.dataset.departement;
        const row = code ? land.data.code.indexOf(code) : -1;
        land.selected.indices = row < 0 ? [] : [row];
        return;
      }
      if (each.classList?.contains("lang")) {
        const url = new URL(window.location.href);
        url.searchParams.set("lang", each.hreflang);
        each.href = url.href;
        return;
      }
    }
  });

  const begin = () => {
    const cursor = model("cursor"), land = model("land");
    if (!cursor || !land || !model("texts")) return requestAnimationFrame(begin);
    theme();
    fit();
    new ResizeObserver(fit).observe(document.querySelector(".map"));
    show();
    cursor.properties.value.change.connect(show);
    model("periods").properties.data.change.connect(show);
    land.properties.tags.change.connect(() => painted(land.tags[0]));
    const texts = model("texts");
    texts.properties.data.change.connect(() => tell(texts.data));
    painted(land.tags[0]);
  };
  dark.addEventListener("change", theme);
  if (document.getElementById("timeline")) begin();
})();
