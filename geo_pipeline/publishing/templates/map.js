"use strict";
/* Behaviour of the exported map: it keeps France fitted, tells what is under the pointer or the
   keyboard focus, and refits itself to the sheet of paper when printed. */
function monitorMap(map, layer, settings) {
  var box = map.getContainer(), tip = document.getElementById("tip"), fitted = null;
  var items = layer.getLayers();

  /* The country's outline, under the départements, and the outline of the one that is pointed at. */
  map.createPane("coast").style.zIndex = 350;
  var rings = items.map(function (item) { return item.getLatLngs(); });
  L.polygon(rings, {pane: "coast", className: "coast", interactive: false, smoothFactor: 0}).addTo(map);
  var marks = ["casing", "outline"].map(function (name) {
    return L.polygon([], {className: name, interactive: false, smoothFactor: 0}).addTo(map);
  });

  settings.names.forEach(function (inset) {
    var text = document.createElement("span");
    text.textContent = inset.name;
    var icon = L.divIcon({html: text, className: "inset-name", iconSize: [0, 0], iconAnchor: [0, -2]});
    L.marker(inset.at, {icon: icon, interactive: false, keyboard: false}).addTo(map);
  });

  function fit() {
    map.options.minZoom = -20;
    map.invalidateSize({animate: false, pan: false});
    map.fitBounds(settings.bounds, {animate: false, padding: [4, 4]});
    fitted = map.getZoom();
    map.setMinZoom(fitted);
    map.setMaxBounds(map.getBounds());
    followZoom();
  }
  /* At the fitted zoom there is nowhere to drag to: leave the finger to scroll the page. */
  function followZoom() {
    var close = map.getZoom() > fitted + 0.01;
    map.dragging[close ? "enable" : "disable"]();
    return close;
  }

  function place(x, y) {
    var width = tip.offsetWidth, height = tip.offsetHeight;
    var left = Math.max(8, Math.min(x - width / 2, document.documentElement.clientWidth - width - 8));
    var top = y - height - 14 < 8 ? y + 18 : y - height - 14;
    tip.style.transform = "translate(" + Math.round(left) + "px," + Math.round(top) + "px)";
  }
  function show(item, x, y) {
    var said = settings.said[item.feature.id];
    ["name", "head", "body", "value"].forEach(function (part, index) {
      tip.children[index].textContent = said[part];
    });
    tip.style.setProperty("--swatch", settings.swatches[said.style]);
    tip.hidden = false;
    place(x, y);
    marks.forEach(function (mark) { mark.setLatLngs(item.getLatLngs()).bringToFront(); });
  }
  function hide() {
    tip.hidden = true;
    marks.forEach(function (mark) { mark.setLatLngs([]); });
  }
  function middle(item) {
    var rect = item.getElement().getBoundingClientRect();
    return [rect.left + rect.width / 2, rect.top + rect.height / 2];
  }

  layer.on("mouseover mousemove click", function (event) {
    show(event.propagatedFrom || event.layer, event.originalEvent.clientX, event.originalEvent.clientY);
  });
  layer.on("mouseout", hide);
  map.on("movestart zoomstart", hide);
  map.on("click", function (event) {
    if (!event.originalEvent.target.closest(".departement")) { hide(); }
  });
  map.on("zoomend", followZoom);

  /* One stop for the Tab key; the arrows then walk to the nearest neighbour that way. */
  function step(from, key) {
    var here = middle(from), best = null, least = Infinity;
    var way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[key];
    items.forEach(function (item) {
      var there = middle(item), dx = there[0] - here[0], dy = there[1] - here[1];
      var along = dx * way[0] + dy * way[1], across = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (item !== from && along > 1 && along + 2 * across < least) { least = along + 2 * across; best = item; }
    });
    return best;
  }
  function prepare(item, index) {
    var path = item.getElement(), said = settings.said[item.feature.id];
    path.setAttribute("data-departement", said.code);
    path.setAttribute("tabindex", index === 0 ? "0" : "-1");
    path.setAttribute("role", "img");
    path.setAttribute("aria-label", [said.name, said.head, said.body].filter(Boolean).join(". "));
    path.addEventListener("focus", function () {
      var at = middle(item);
      if (path.matches(":focus-visible")) { show(item, at[0], at[1]); }
    });
    path.addEventListener("blur", hide);
    path.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { hide(); }
      if (event.key.indexOf("Arrow") !== 0) { return; }
      event.preventDefault();
      var next = step(item, event.key);
      if (!next) { return; }
      path.setAttribute("tabindex", "-1");
      next.getElement().setAttribute("tabindex", "0");
      next.getElement().focus({focusVisible: true});
    });
  }

  fit();
  items.forEach(prepare);
  new ResizeObserver(function () { if (followZoom()) { map.invalidateSize(); } else { fit(); } }).observe(box);

  /* Paper: the sheet has its own map size, and the table of values comes along. */
  var table = document.querySelector("details"), wasOpen = false;
  function paper(on) {
    var root = document.documentElement;
    if (on === root.classList.contains("printing")) { return; }
    hide();
    if (on) { wasOpen = table.open; }
    table.open = on || wasOpen;
    root.classList.toggle("printing", on);
    fit();
  }
  window.addEventListener("beforeprint", function () { paper(true); });
  window.addEventListener("afterprint", function () { paper(false); });
  window.matchMedia("print").addEventListener("change", function (event) { paper(event.matches); });
}
