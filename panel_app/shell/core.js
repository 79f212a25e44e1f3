// It asks for what the reader does, and updates the slots that change. Who answers is `line.js`, the session
// of a server, or `answers.js`, the files of a static site.
"use strict";
const app = (() => {
  const root = document.documentElement;
  const about = JSON.parse(document.getElementById("about-page").textContent);
  const on = { slot: {}, main: [], click: [], change: [], input: [], key: [], address: [] };
  const waiting = [];
  let send = null;

  const ask = (changes) => {
    if (root.dataset.line) return; // lost: nobody would answer
    root.dataset.asking = "yes";
    if (send) send(changes);
    else waiting.push(changes);
  };
  // From now on `answer` gets what is asked, and calls `tell`.
  const connected = (answer) => {
    send = answer;
    root.dataset.ready = "yes";
    performance.mark("ready");
    waiting.splice(0).forEach(send);
  };

  // As a step to another page, to which the back button leads.
  const askOn = (changes) => {
    pushing = true;
    ask(changes);
  };

  const place = (name) => document.querySelector(`[data-slot="${name}"]`);
  const read = (name) => {
    const text = place(name)?.textContent;
    return text ? JSON.parse(text) : null;
  };

  // Styles of single elements: the policy takes them from scripts, not from HTML.
  const dress = (element) => {
    for (const each of element.querySelectorAll("[data-style]")) each.style.cssText = each.dataset.style;
  };

  // When a slot is filled again, open parts stay open and the focus stays.
  const fill = (element, html) => {
    const open = [...element.querySelectorAll("details")].map((each) => each.open);
    const focus = element.contains(document.activeElement) ? trail(element, document.activeElement) : null;
    if (element.tagName === "SCRIPT") element.textContent = html;
    else element.innerHTML = html;
    dress(element);
    element.querySelectorAll("details").forEach((each, i) => { each.open = Boolean(open[i]); });
    if (focus) element.querySelectorAll(focus.selector)[focus.index]?.focus({ preventScroll: true });
  };
  const trail = (element, focused) => {
    const selector = focused.tagName.toLowerCase() + (focused.id ? `#${CSS.escape(focused.id)}` : "");
    return { selector, index: [...element.querySelectorAll(selector)].indexOf(focused) };
  };

  let pushing = false;
  const special = {
    query: (text) => {
      if (text !== window.location.search) window.history[pushing ? "pushState" : "replaceState"](null, "", text);
      pushing = false;
      links();
    },
    title: (text) => { document.title = text; },
    state: (text) => { root.dataset.page = JSON.parse(text).page; },
    reload: () => window.location.reload(),
    go: (text) => { window.location.search = text; },
    main: (html) => {
      fill(place("main"), html);
      begin();
      if (pushing) {
        window.scrollTo(0, 0);
        place("main").focus({ preventScroll: true });
      }
    },
  };

  const tell = ({ slot, html }) => {
    delete root.dataset.asking;
    slot.forEach((name, i) => {
      if (name in special) return special[name](html[i]);
      const element = place(name);
      if (element) fill(element, html[i]);
      on.slot[name]?.forEach((each) => each(html[i]));
    });
    if (!slot.includes("main")) on.slot.any?.forEach((each) => each(slot));
    root.dataset.told = String(Number(root.dataset.told ?? 0) + 1);
    performance.mark("told", { detail: slot.join() });
  };

  // The selection, and the address of one: a site of files has others (`answers.js`).
  const at = {
    query: () => new URLSearchParams(window.location.search),
    address: (query) => `?${query}`,
  };
  // The links to the pages contain the selection, so that they can be opened in another tab.
  const links = () => {
    for (const link of document.querySelectorAll("[data-page-link], [data-lang-link]")) {
      const query = at.query();
      if (link.dataset.langLink) query.set("lang", link.dataset.langLink);
      else if (link.dataset.pageLink === about.home) query.delete("page");
      else query.set("page", link.dataset.pageLink);
      link.href = at.address(query);
      if (link.dataset.pageLink) {
        const here = (query.get("page") ?? about.home) === root.dataset.page;
        if (here && link.parentNode.tagName === "NAV") link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    }
    on.address.forEach((each) => each(at.query()));
  };

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

  // Rows without the searched text are hidden; the search is repeated when a slot is filled again.
  const sift = (box) => {
    const table = document.querySelector(box.dataset.filter);
    const wanted = plain(box.value);
    for (const row of table?.tBodies[0].rows ?? []) row.hidden = !plain(row.textContent).includes(wanted);
  };
  on.slot.any = [() => document.querySelectorAll("[data-filter]").forEach((each) => { if (each.value) sift(each); })];
  on.main.push(() => {
    for (const each of document.querySelectorAll("textarea[data-site]")) {
      const api = new URL("api/", window.location.href).href;
      each.value = each.textContent.replaceAll("https://example.org/api/", api).replace("https://example.org/", `${window.location.origin}${window.location.pathname}`);
    }
  });

  const begin = () => {
    links();
    const here = document.querySelector("nav [aria-current]");
    if (here) here.parentNode.scrollLeft = here.offsetLeft - here.parentNode.offsetLeft - 16;
    on.main.forEach((each) => each());
  };

  document.addEventListener("click", (event) => {
    for (const each of on.click) if (each(event)) return;
    const inNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
    const link = event.target.closest("a[data-ask], a[data-page-link]");
    if (link) {
      if (inNewTab || (link.dataset.pageLink && link.closest(".slim"))) return;
      event.preventDefault();
      pushing = "push" in link.dataset || "pageLink" in link.dataset;
      return ask({ href: link.getAttribute("href") });
    }
    const button = event.target.closest("[data-ask-params]");
    if (button) return ask(JSON.parse(button.dataset.askParams));
    const notice = event.target.closest("[data-dismiss]");
    if (notice) return notice.parentNode.remove();
  });

  document.addEventListener("change", (event) => {
    for (const each of on.change) if (each(event)) return;
    const { param, paramToggle } = event.target.dataset;
    if (param) return ask({ [param]: event.target.value });
    if (paramToggle) {
      const now = new URLSearchParams(window.location.search).get(paramToggle)?.split(",").filter(Boolean) ?? [];
      const { value, checked } = event.target;
      return ask({ [paramToggle]: checked ? [...now, value].join() : now.filter((each) => each !== value).join() });
    }
  });

  document.addEventListener("input", (event) => {
    for (const each of on.input) if (each(event)) return;
    if (event.target.dataset.filter) sift(event.target);
  });

  // At the foot of a printed page.
  window.addEventListener("beforeprint", () => root.style.setProperty("--address", JSON.stringify(window.location.href)));
  window.addEventListener("popstate", () => ask({ href: window.location.search || "?" }));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    if (event.key === "/" && !event.target.matches("input, select, textarea")) {
      event.preventDefault();
      document.getElementById("place")?.focus();
      return;
    }
    for (const each of on.key) if (each(event)) return;
  });

  const start = () => {
    root.dataset.page ||= about.home;
    dress(document);
    begin();
    if (about.query && window.location.search !== about.query) window.history.replaceState(null, "", about.query + window.location.hash);
    links();
    app.connect();
  };

  return { about, ask, askOn, at, connected, on, place, read, fill, start, tell, plain, root };
})();
