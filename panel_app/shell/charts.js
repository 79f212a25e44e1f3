// Tooltips of charts, for pointer and arrow keys; a click sets the period of the map.
(() => {
  const { on } = app;
  const tipsOf = (plot) => (plot.tips ??= JSON.parse(plot.dataset.tips));
  const find = (plot, x, y) => {
    const inside = tipsOf(plot).findIndex(([x0, x1, , , , y0, y1]) => x >= x0 && x <= x1 && y >= y0 && y <= y1);
    return inside;
  };
  const tell = (plot, index, point) => {
    const [x0, x1, title, text, , y0, y1] = tipsOf(plot)[index];
    const box = plot.getBoundingClientRect(), cross = plot.querySelector(".cross");
    cross.hidden = false;
    cross.style.left = `${100 * x0}%`;
    cross.style.width = `${100 * (x1 - x0)}%`;
    cross.style.top = `${100 * y0}%`;
    cross.style.height = `${100 * (y1 - y0)}%`;
    plot.at = index;
    app.tip.put(point?.clientX ?? box.left + box.width * x1, point?.clientY ?? box.top + box.height * Math.min(y0 + 0.2, 1), [
      ["b", title], ...text.split("\n").map((line) => ["span", line]),
    ]);
  };
  const hide = (plot) => {
    plot.querySelector(".cross").hidden = true;
    app.tip.hide();
  };
  const under = (event) => {
    const plot = event.target.closest?.("[data-tips]");
    if (!plot) return [null, -1];
    const box = plot.getBoundingClientRect();
    return [plot, find(plot, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height)];
  };
  let last = null;
  document.addEventListener("pointermove", (event) => {
    const [plot, index] = under(event);
    if (last && last !== plot) hide(last);
    last = plot;
    if (!plot) return;
    if (index < 0) return hide(plot);
    tell(plot, index, event);
  });
  document.addEventListener("focusout", (event) => { if (event.target.matches?.("[data-tips]")) hide(event.target); });
  on.click.push((event) => {
    const [plot, index] = under(event);
    if (!plot || index < 0) return false;
    const period = tipsOf(plot)[index][4];
    if (period) app.ask({ period });
    return true;
  });
  on.key.push((event) => {
    if (!event.target.matches?.("[data-tips]")) return false;
    const plot = event.target, count = tipsOf(plot).length;
    if (!count) return false;
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -count, End: count };
    if (event.key in steps) {
      event.preventDefault();
      const from = plot.at ?? (steps[event.key] > 0 ? -1 : count);
      tell(plot, Math.min(count - 1, Math.max(0, from + steps[event.key])));
      return true;
    }
    if (event.key === "Enter" && plot.at !== undefined) {
      const period = tipsOf(plot)[plot.at][4];
      if (period) app.ask({ period });
      return true;
    }
    if (event.key === "Escape") { hide(plot); return true; }
    return false;
  });
})();
