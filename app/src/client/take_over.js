// Takeover of the whole page or nothing, bundled in front of the module, with the records of boot.js. Until then, and for
// good if it fails, the page works with plain forms and links. See boot.rs.
{
  const { nodes, sent, touch, touched } = globalThis.boot;
  let broken = false;

  const plain = (why) => {
    document.documentElement.dataset.plain = "";
    console.info("The page continues without its script: " + why);
  };
  // After a panic the state of a WASM module is undefined: none of its handlers may run again.
  const breakdown = (error) => {
    if (broken) return;
    broken = true;
    plain(error);
  };

  for (const type of ["click", "submit", "input", "change", "copy", "keydown", "popstate", "beforeunload"])
    addEventListener(type, (event) => broken && event.stopImmediatePropagation(), true);
  for (const type of ["error", "unhandledrejection"])
    addEventListener(type, ({ error, reason = error }) => reason instanceof WebAssembly.RuntimeError && breakdown(reason));

  // Removes foreign nodes from among the sent ones. Foreign nodes at the end of the body do no harm.
  const takeOut = () => {
    const ours = new Set(sent.map(([node]) => node)), out = [];
    let last = document.body.lastChild;
    while (last && !ours.has(last)) last = last.previousSibling;
    for (const [node, parent] of nodes()) {
      const behind = !last || last.compareDocumentPosition(node) === Node.DOCUMENT_POSITION_FOLLOWING;
      if (!ours.has(node) && !behind && !out.some(([other]) => other.contains(node)))
        out.push([node, parent, node.nextSibling]);
    }
    for (const [node] of out) node.remove();
    return out;
  };
  const putBack = (out) => {
    for (const [node, parent, next] of out.reverse())
      parent.insertBefore(node, next?.parentNode === parent ? next : null);
  };
  const asSent = () => {
    const now = nodes();
    return sent.length > 0 && sent.every(([node, parent], at) => now[at]?.[0] === node && now[at][1] === parent)
      && sent.filter(([node]) => node.nodeType === 1).length === Number(document.body.dataset.elements);
  };

  // Input from before the script loaded: by the user, a password manager, or the browser on reload.
  const isChecked = (control) => /^(radio|checkbox)$/.test(control.type);
  const changed = (control) => touched.has(control)
    || (isChecked(control) ? control.checked !== control.defaultChecked
      : control.options ? [...control.options].some((option) => option.selected !== option.defaultSelected)
        : control.value !== control.defaultValue);
  const state = (control) => isChecked(control) ? "checked" : "value";
  const keep = () => [...document.querySelectorAll("input, textarea, select")]
    .filter(changed)
    .map((control) => [control, control[state(control)]]);
  const tell = (kept) => {
    // Choices come last, because input in a field beside a choice selects that choice.
    for (const [control, value] of kept.sort(([one], [other]) => isChecked(one) - isChecked(other))) {
      if (control[state(control)] !== value) control[state(control)] = value;
      if (value !== false || control.type === "checkbox")
        for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true }));
    }
  };

  // Input on a page whose session has ended, kept for its owner's return. Never a password or a secret.
  const DRAFT = "keyhold-draft";
  const owner = () => document.querySelector("[data-owner]")?.dataset.owner;
  const label = (control) => {
    const { form, name, value } = control;
    return [form.getAttribute("action"), form.elements.access_key?.value, name, isChecked(control) ? value : ""].join(" ");
  };
  // The version is kept with the input, so that a change made meanwhile is a conflict.
  const isVersion = ({ name }) => name === "version";
  const fields = () => [...document.querySelectorAll("form[method=post] :is(input, textarea, select)")]
    .filter((control) => control.name && (control.type !== "hidden" || isVersion(control)) && !/password/.test(control.type + control.name));
  globalThis.keepDraft = () => {
    const typed = fields().filter((control) => !isVersion(control) && changed(control));
    const kept = fields().filter((control) => typed.some((one) => one === control || isVersion(control) && one.form === control.form))
      .map((control) => [label(control), control[state(control)]])
      .filter(([, value]) => !/kh[so]_/.test(value));
    try {
      if (kept.length) sessionStorage.setItem(DRAFT, JSON.stringify([location.pathname, owner(), kept]));
    } catch {}
  };
  const draft = () => {
    try {
      const [path, whose, kept] = JSON.parse(sessionStorage.getItem(DRAFT)) ?? [];
      // No other account and no other person gets it.
      if (owner() && whose !== owner()) sessionStorage.removeItem(DRAFT);
      if (path !== location.pathname || whose !== owner()) return [];
      sessionStorage.removeItem(DRAFT);
      return kept.flatMap(([key, value]) => fields().filter((control) => label(control) === key).map((control) => [control, value]));
    } catch {
      return [];
    }
  };

  // By a blob, because a `data:` address would put the text into the list of downloads.
  globalThis.download = ([name, text]) => {
    const href = URL.createObjectURL(new Blob([text]));
    Object.assign(document.createElement("a"), { href, download: name }).click();
    URL.revokeObjectURL(href);
  };

  // A field with a limit counts its characters at its label once the limit is near.
  addEventListener("input", ({ target }) => {
    const { labels, value, dataset: { limit } } = target, count = [...value?.trim() ?? ""].length;
    if (!limit) return;
    const { dataset } = labels[0];
    dataset.count = count > 0.8 * limit ? `${count} of ${limit}` : "";
    dataset.over = count > limit ? "true" : "";
  });

  // Two keys may have one name. The form of a new key says so, to sessions that see keys.
  addEventListener("change", async ({ target }) => {
    if (!target.matches?.("form[action$='keys/create'] [name=name]") || !document.querySelector(".newest")) return;
    const q = target.value.trim(), field = target.parentElement;
    let twin;
    try {
      const answer = await fetch("/fn/keys/list", { method: "POST", body: new URLSearchParams({ q }) }), { keys } = await answer.json();
      twin = q && keys?.some(({ name }) => name.toLowerCase() === q.toLowerCase());
    } catch {}
    if (q !== target.value.trim()) return;
    field.querySelector(".same")?.remove();
    if (twin) field.append(Object.assign(document.createElement("p"), { className: "help same", role: "status", textContent: "Another key has this name too. You can use it again." }));
  });

  globalThis.selectText = (element) => getSelection().selectAllChildren(element);
  globalThis.hasSelectedText = () => !getSelection().isCollapsed;

  // The place on a page is kept in its entry of the history: the scroll position, and the row whose link was followed.
  // While one comes back to an entry, its page is not there yet, and its place must not be overwritten.
  let comingBack = false, resting;
  const keepPlace = (row) => {
    try {
      history.replaceState({ ...history.state, top: scrollY, row }, "");
    } catch {}
  };
  addEventListener("click", ({ target }) => {
    comingBack = false;
    // Only a press that may leave the page: reading the position makes the browser lay out what the press has changed.
    if (!target.closest?.("button, input, label, summary")) keepPlace(target.closest?.("tr[id]")?.id);
  }, true);
  addEventListener("scroll", () => {
    clearTimeout(resting);
    resting = setTimeout(() => comingBack || keepPlace(history.state?.row), 200);
  });
  addEventListener("popstate", () => {
    comingBack = true;
    clearTimeout(resting);
  });
  globalThis.focusRow = (id) => document.getElementById(id)?.querySelector("th a")?.focus({ preventScroll: true });
  // The key that this page has created: its row flashes once.
  let created;
  globalThis.markCreated = (id) => created = id;
  globalThis.returnToPlace = () => {
    document.getElementById(created)?.classList.add("new");
    created = undefined;
    const { top, row } = history.state ?? {};
    if (row) focusRow(row);
    if (top) scrollTo(0, top);
    comingBack = false;
  };

  // The module calls this with its hydration function. Tasks that hydration queues run only if it succeeds.
  globalThis.takeOver = (hydrate) => {
    const out = takeOut(), kept = keep(), tasks = [], { queueMicrotask } = globalThis;
    try {
      if (!asSent()) {
        plain("something else has changed the page.");
        return tell(draft());
      }
      globalThis.queueMicrotask = (task) => tasks.push(task);
      hydrate();
    } catch (error) {
      breakdown(error);
    } finally {
      globalThis.queueMicrotask = queueMicrotask;
      putBack(out);
      // Otherwise these would keep the page's nodes alive as long as the tab.
      sent.length = 0;
      touched.clear();
      for (const type of ["input", "change"]) removeEventListener(type, touch, true);
    }
    if (broken) return;
    for (const task of tasks) queueMicrotask(task);
    queueMicrotask(() => {
      document.documentElement.dataset.alive = "";
      tell([...draft(), ...kept]);
    });
  };
}
