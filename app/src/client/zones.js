// The field for a time zone: a list of cities with their offset and present time, in the style of menus, and the same of the
// chosen one below the field. Bundled with the module, and inline on pages without it. Where it does not run, the browser
// offers its own list. A `<` stands in texts only.
{
  const FIELD = "input[name=time_zone]";
  // The most cities in sight: the clock of each takes a moment.
  const MOST = 40;
  const MINUTE_MS = 60000;

  let input, list, names = [], active = -1;

  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9+-]+/g, " ").trim();
  const city = (name) => name.split("/").pop().replaceAll("_", " ");
  // "UTC+01:00" and "08:24". None in a browser that does not know the zone.
  const clock = (timeZone, hour12) => {
    try {
      const now = new Date(), parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(now);
      const offset = parts.find(({ type }) => type === "timeZoneName").value.replace("GMT", "UTC").replace("-", "−");
      const time = now.toLocaleTimeString(hour12 ? "en-US" : "en-GB", { timeZone, hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" });
      return [offset === "UTC" ? "UTC+00:00" : offset, time.replace(/\s/, " ")];
    } catch {}
  };
  const note = () => document.getElementById(input?.getAttribute("aria-describedby"))?.querySelector("span");
  const NOW = /It's [^(]* there now \(UTC.\d\d:\d\d\)\./;
  const tell = () => {
    const text = note(), name = names.find((name) => name === input.value);
    const known = name && NOW.test(text?.textContent) && clock(name, / [AP]M /.test(text.textContent));
    if (known) text.textContent = text.textContent.replace(NOW, `It's ${known[1]} there now (${known[0]}).`);
  };

  const choose = (next) => {
    const options = [...list.children];
    active = options.length ? (next + options.length) % options.length : -1;
    options.forEach((option, at) => option.setAttribute("aria-selected", at === active));
    options[active]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[active]?.id ?? "");
  };
  const close = () => {
    if (!list) return;
    list.hidden = true;
    input.setAttribute("aria-expanded", false);
    input.setAttribute("aria-activedescendant", "");
  };
  const open = (typed) => {
    const words = plain(input.value).split(" ");
    // Before anything is typed: the places around the present one.
    const around = input.value.slice(0, input.value.lastIndexOf("/") + 1);
    const found = names.filter((name) => (typed ? words.every((word) => plain(name).includes(word)) : name.startsWith(around)));
    const first = typed ? 0 : Math.max(0, found.indexOf(input.value) - 3);
    const twelve = / [AP]M /.test(note()?.textContent);
    list.replaceChildren(...found.slice(first, first + MOST).map((name, at) => {
      const option = document.createElement("li"), hint = document.createElement("span");
      hint.className = "hint";
      hint.textContent = (clock(name, twelve) ?? [name]).join(" · ");
      option.setAttribute("role", "option");
      option.id = "zone-" + at;
      option.dataset.name = name;
      option.append(city(name), hint);
      return option;
    }));
    list.hidden = !list.children.length;
    list.style.top = `${input.offsetTop + input.offsetHeight}px`;
    input.setAttribute("aria-expanded", !list.hidden);
    choose(typed ? 0 : found.indexOf(input.value) - first);
  };
  const take = (option) => {
    if (!option) return;
    input.value = option.dataset.name;
    close();
    tell();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  // Once the field is used: a page that is taken over is then complete.
  const build = (field) => {
    const offered = document.getElementById(field.getAttribute("list"))?.options ?? [];
    if (!offered.length) return;
    input = field;
    names = [...offered].map(({ value }) => value);
    field.removeAttribute("list");
    list = document.createElement("ul");
    list.className = "menu-items zones";
    list.id = "zones";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Cities");
    list.onmousedown = (event) => event.preventDefault();
    list.onclick = ({ target }) => take(target.closest("li"));
    field.parentElement.append(list);
    for (const [name, value] of [["role", "combobox"], ["aria-controls", "zones"], ["aria-expanded", false], ["aria-autocomplete", "list"]])
      field.setAttribute(name, value);
  };
  const of = ({ target }) => {
    if (!target.matches?.(FIELD)) return;
    if (input !== target) build(target);
    return input === target;
  };
  addEventListener("focusin", of);
  // A page that answers a form can begin here.
  of({ target: document.activeElement });
  addEventListener("focusout", (event) => event.target === input && close());
  addEventListener("click", (event) => of(event) && list.hidden && open());
  addEventListener("input", (event) => {
    if (!of(event)) return;
    open(true);
    tell();
  });
  addEventListener("keydown", (event) => {
    if (event.isComposing || !of(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) list.hidden ? open() : choose(active + step);
    else if (list.hidden || !(event.key === "Enter" || event.key === "Escape")) return;
    else if (event.key === "Enter") take(list.children[active]);
    else close();
    event.preventDefault();
  });
  setInterval(() => input?.isConnected && tell(), MINUTE_MS);
}
