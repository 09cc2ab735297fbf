// Keyboard: single-key shortcuts, the dialog that lists them, and the palette of pages, actions and keys. Bundled with
// the module, and inline on pages without it (boot.rs). It presses what is on the page, and follows links by clicking them,
// so that the router takes them. A `<` stands in texts only.
{
  const LIST = "/preferences/api-control";
  // In localStorage: set if this browser wants no single-key shortcuts.
  const OFF = "keyhold-keys-off";
  // The most keys that the palette lists.
  const MOST = 6;

  // The hint at the page that is open.
  const HERE = "Open now";
  // Paths in a field of 24 by 24, as those of icon.rs.
  const ICONS = {
    plus: "M12 5v14M5 12h14",
    theme: "M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0ZM12 3v18M12 7.5h4.5M12 12h9M12 16.5h4.5",
    keyboard: "M3 6h18v12H3ZM7 10v.1M12 10v.1M17 10v.1M8 14h8",
    search: "M17 10.5a6.5 6.5 0 1 1-13 0a6.5 6.5 0 0 1 13 0ZM15.4 15.4 20.5 20.5",
    in: "M14 4h6v16h-6M4 12h11M10.5 7.5 15 12l-4.5 4.5",
    out: "M10 4H4v16h6M9 12h11M15.5 7.5 20 12l-4.5 4.5",
  };

  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(...children);
    return element;
  };
  const icon = (d) => {
    const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", true);
    path.setAttribute("d", d ?? "");
    svg.append(path);
    return svg;
  };
  const mac = /Mac|iP/.test(navigator.platform);
  document.documentElement.dataset.keys = mac ? "mac" : "";

  const go = (href) => {
    const link = make("a", { href, hidden: "" });
    document.body.append(link);
    link.click();
    link.remove();
  };

  // Foreign nodes at the end of the body do no harm to hydration.
  const dialog = (attributes, html) => {
    const dialog = make("dialog", { closedby: "any", ...attributes });
    dialog.innerHTML = html;
    document.body.append(dialog);
    return dialog;
  };

  let helping;
  const help = () => {
    const keys = (text) => text.split(" ").map((key) => `<kbd>${key}</kbd>`).join(" ");
    const part = (title, ...rows) => `<h3>${title}</h3><dl>${rows.map(([what, text]) => `<div><dt>${what}</dt><dd>${keys(text)}</dd></div>`).join("")}</dl>`;
    helping ??= dialog(
      { class: "dialog shortcuts", "aria-labelledby": "shortcuts-title" },
      `<h2 id="shortcuts-title">Keyboard shortcuts</h2>`
        + part("Anywhere", ["Search pages, actions and keys", (mac ? "⌘" : "Ctrl") + " K"], ["Search keys", "/"], ["Create a key", "N"], ["Show this list", "?"], ["Close a menu or dialog", "Esc"])
        + part("In the list of keys", ["Next or previous key", "J K"], ["Select the key", "X"], ["Clear the selection", "Esc"], ["Edit the key", "E"])
        + part("On a key's page", ["Edit its properties", "E"])
        + `<label class="choice"><input type="checkbox"> Use single-key shortcuts in this browser</label>`
        + `<form method="dialog" class="answers"><button class="button" autofocus>Close</button></form>`,
    );
    const use = helping.querySelector("input");
    use.checked = !off();
    use.onchange = () => {
      try {
        use.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1");
      } catch {}
    };
    helping.showModal();
  };
  const off = () => {
    try {
      return localStorage.getItem(OFF);
    } catch {}
  };

  let palette, input, list, status, line, call, typing;
  let found = [], total = 0, said = "", ended = false, options = [], active = 0;

  const words = () => input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (text) => words().every((word) => text.toLowerCase().includes(word));
  // What the account and the session allow.
  const creates = () => find(".foot[data-creates]");
  const lists = () => find(`.side [href="${LIST}"]`);
  const entries = () => {
    const pages = all(".side nav a");
    const links = pages.map((link) => [
      link.textContent,
      link.getAttribute("aria-current") === "page" ? HERE : "",
      () => link.click(),
      link.querySelector("path").getAttribute("d"),
    ]);
    const key = lists()?.querySelector("path").getAttribute("d");
    const themes = all(".side .themes button").map((button) => ["Theme: " + button.textContent, "", () => button.click(), ICONS.theme]);
    const actions = [
      ...(ended ? [["Sign in", "", () => location.reload(), ICONS.in]] : []),
      ...(creates() ? [["Create key", "N", () => go(LIST + "/new"), ICONS.plus]] : []),
      ...(input.value ? themes : [["Theme…", "", () => type("Theme: "), ICONS.theme, true]]),
      ["Keyboard shortcuts", "?", help, ICONS.keyboard],
      ["Sign out", "", () => find(".side form[action$=sign-out] button").click(), ICONS.out],
    ];
    const states = { expiring_soon: " · Expiring soon", expired: " · Expired" };
    const keys = found.slice(0, MOST).map(({ name, access_key, status }) => [
      name,
      access_key + (states[status] ?? ""),
      () => go(`${LIST}/${access_key}`),
      key,
    ]);
    const q = input.value.trim();
    if (q && total > MOST) keys.push([`Show all ${total} in API Control`, "", () => go(`${LIST}?q=${encodeURIComponent(q)}`), ICONS.search]);
    const named = ([text]) => matches(text);
    return [["Pages", links.filter(named)], ["Actions", actions.filter(named)], ["Keys", keys]];
  };
  const choose = (next) => {
    active = (next + options.length) % options.length || 0;
    options.forEach(([option], at) => option.setAttribute("aria-selected", at === active));
    const [option] = options[active] ?? [];
    option?.scrollIntoView({ block: "nearest" });
    // The head of the first group.
    if (!active) list.scrollTop = 0;
    input.setAttribute("aria-activedescendant", option?.id ?? "");
    input.setAttribute("aria-expanded", Boolean(option));
  };
  const render = () => {
    const before = options[active]?.[0].textContent;
    options = [];
    list.replaceChildren(...entries().filter(([, some]) => some.length).map(([title, some]) => {
      const id = "palette-" + title;
      return make("div", { role: "group", "aria-labelledby": id }, make("div", { id, class: "head" }, title), ...some.map(([text, hint, act, path, stays]) => {
        const parts = [icon(path), make("bdi", {}, text), make("span", { class: "hint" }, hint)];
        const option = make("div", { role: "option", id: "palette-" + options.length }, ...parts);
        options.push([option, act, stays]);
        return option;
      }));
    }));
    const at = options.findIndex(([option]) => option.textContent === before);
    // The page that is open is not what one looks for.
    choose(at === -1 ? Math.max(0, options.findIndex(([option]) => !option.textContent.endsWith(HERE))) : at);
    const busy = line.classList.contains("going");
    status.textContent = said || (options.length || busy ? "" : "Nothing matches.");
    status.className = said || !options.length ? "" : "visually-hidden";
  };
  const run = () => {
    const [, act, stays] = options[active] ?? [];
    if (!act) return;
    if (!stays) palette.close();
    act();
  };
  const load = async () => {
    const text = input.value.trim(), secret = RegExp(`(kh|${document.documentElement.dataset.prefix ?? "kh"})s_`).test(text), { signal } = (call = new AbortController());
    try {
      const body = new URLSearchParams(secret ? { secret: text } : { q: text });
      const response = await fetch("/fn/keys/" + (secret ? "which" : "list"), { method: "POST", body, signal });
      const { keys, key, counts, sentence, fields, message } = await response.json();
      if (signal.aborted) return;
      ended = response.status === 401;
      found = keys ?? (key ? [key] : []);
      total = counts ? counts.active + counts.expiring_soon + counts.expired : 0;
      said = sentence ?? (ended ? "Your session has ended." : message && (Object.values(fields)[0] ?? message)) ?? "";
    } catch {
      if (signal.aborted) return;
      said = "Keys can't be searched right now. Check your connection and try again.";
    }
    shown();
  };
  const shown = () => {
    line.classList.remove("going");
    list.removeAttribute("aria-busy");
    render();
  };
  // Until the answer arrives, the list holds what is known to match, so Enter never opens anything else.
  const search = (pause) => {
    call?.abort();
    clearTimeout(typing);
    found = found.filter(({ name, description = "", access_key }) => matches(`${name} ${description} ${access_key}`));
    total = 0;
    said = "";
    line.classList.add("going");
    list.setAttribute("aria-busy", true);
    options = [];
    render();
    if (lists()) typing = setTimeout(load, pause);
    else shown();
  };
  const type = (text) => {
    input.value = text;
    search(0);
  };
  const build = () => {
    palette = dialog(
      { class: "palette", "aria-label": "Search" },
      `<div class="progress"></div><input role="combobox" aria-label="Search pages, actions and keys" aria-controls="palette" aria-autocomplete="list" placeholder="Search pages, actions and keys" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go"><div id="palette" role="listbox" aria-label="Results"></div><p role="status"></p><p class="hints"><span><kbd>↑</kbd> <kbd>↓</kbd> Choose</span><span><kbd>Enter</kbd> Open</span><span><kbd>Esc</kbd> Close</span></p>`,
    );
    [line, input, list, status] = palette.children;
    input.oninput = () => search(150);
    palette.onkeydown = (event) => {
      const { key } = event;
      const step = { ArrowDown: 1, ArrowUp: -1 }[key];
      if (event.isComposing || !(step || key === "Enter" || isPaletteKey(event))) return;
      event.preventDefault();
      if (step) choose(active + step);
      else if (key === "Enter") run();
      else palette.close();
    };
    const at = ({ target }) => options.findIndex(([option]) => option.contains(target));
    list.onmousemove = (event) => at(event) >= 0 && at(event) !== active && choose(at(event));
    // The field keeps the focus.
    list.onmousedown = (event) => event.preventDefault();
    list.onclick = (event) => {
      if (at(event) === -1) return;
      choose(at(event));
      run();
    };
    palette.onclose = () => {
      call?.abort();
      clearTimeout(typing);
      input.value = "";
    };
  };
  const openPalette = () => {
    if (!palette) build();
    palette.showModal();
    options = [];
    type("");
  };
  const isPaletteKey = ({ key, ctrlKey, metaKey, altKey, shiftKey }) => (ctrlKey || metaKey) && !altKey && !shiftKey && /^k$/i.test(key);

  // Each returns whether it has found anything to act on.
  const press = (element) => {
    if (!element) return false;
    if (element.matches("input:not([type=checkbox])")) {
      element.focus();
      element.select();
    } else element.click();
    return true;
  };
  const inRow = (selector) => find("tr:focus-within " + selector) ?? find("tr:hover " + selector);
  const walk = (step) => {
    const links = all(".key-table tbody th a");
    const here = links.findIndex((link) => link.closest("tr").matches(":focus-within"));
    links.at(here === -1 ? Math.min(step, 0) : Math.min(Math.max(here + step, 0), links.length - 1))?.focus();
    return links.length > 0;
  };
  const shortcuts = {
    "/": () => press(find("#search")) || (openPalette(), true),
    "?": () => (help(), true),
    n: () => creates() && (go(LIST + "/new"), true),
    e: () => {
      const { href } = inRow(".edit") ?? {};
      return href ? (go(href + "#edit"), true) : press(find("form[action$='keys/edit'] [name=name]"));
    },
    x: () => press(inRow("[name=key]")),
    j: () => walk(1),
    k: () => walk(-1),
  };

  addEventListener("keydown", (event) => {
    const [target] = event.composedPath();
    const typing = target.isContentEditable || target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select");
    // 229: an input method takes the key. Without an account there is nothing to search.
    if (typing || event.defaultPrevented || event.isComposing || event.keyCode === 229 || find("dialog:modal") || !find(".foot")) return;
    if (isPaletteKey(event)) openPalette();
    else if (event.ctrlKey || event.metaKey || event.altKey || off() || !Object.hasOwn(shortcuts, event.key) || !shortcuts[event.key]()) return;
    event.preventDefault();
  });
  addEventListener("click", ({ target }) => target.closest?.("[data-palette]") && openPalette());
  addEventListener("popstate", () => {
    palette?.close();
    helping?.close();
  });
}
