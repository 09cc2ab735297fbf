// The list of keys on API Control, which the server renders: serves its selection, search, copying and forms. It never runs
// before the module has taken over. See pages/api_control.rs.
{
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const inList = (target) => "alive" in document.documentElement.dataset && target.closest?.(".list");

  // The query that the list was drawn for, by the parameters of the address.
  let drawn = "";
  globalThis.redraw = (html) => {
    const list = one(".list"), row = document.activeElement?.closest("tbody tr");
    if (!list) return;
    const near = [row, row?.nextElementSibling, row?.previousElementSibling];
    patchList(list, html);
    drawn = String(now);
    // A row that has moved has lost the focus, and that of a deleted one goes to its neighbour.
    if (row && document.activeElement === document.body) focusRow(near.find((each) => each?.isConnected)?.id);
    for (const each of all(".filters .count")) each.style.minWidth = Math.max(2, parseInt(each.style.minWidth) || 0, each.textContent.length) + "ch";
    count();
    wait(one(".key-table")?.dataset.next);
  };

  // Times and statuses are the server's words: they are fetched again when the next of them changes.
  const AGAIN_MS = 60000, LONGEST_MS = 2 ** 31 - 1;
  let ticking;
  const wait = (milliseconds) => {
    clearTimeout(ticking);
    if (milliseconds) ticking = setTimeout(tick, Math.min(milliseconds, LONGEST_MS));
  };
  const isWaiting = () => one("[aria-busy] > .list");
  const tick = async () => {
    // A return to the tab or to the network fetches everything.
    if (!one(".key-table") || document.hidden || !navigator.onLine) return;
    wait(AGAIN_MS);
    if (isWaiting()) return;
    const query = now, body = new URLSearchParams([...now].filter(([name]) => /^(q|status|show|sort|page)$/.test(name)));
    try {
      const answer = await fetch("/fn/keys/table", { method: "POST", body });
      const html = answer.ok && await answer.json();
      if (html && query === now && !isWaiting()) redraw(html);
    } catch {}
  };

  // Selection.
  const boxes = () => all("tbody input[name=key]");
  const chosen = () => boxes().filter((box) => box.checked);
  const say = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };
  const mark = () => {
    const list = one(".list"), { length } = chosen(), whole = one("#bulk [name=all]");
    if (!list) return;
    list.dataset.chosen = length ? "some" : "none";
    say(one("#bulk .chosen"), whole?.checked ? `All ${whole.dataset.total} selected` : length ? `${length} selected` : "Selected keys");
  };
  const count = () => {
    const page = one(".key-table thead input"), { length } = chosen(), whole = one("#bulk [name=all]");
    if (!page) return;
    page.checked = length > 0 && length === boxes().length;
    page.indeterminate = length > 0 && !page.checked;
    // The boxes answer a press in its own frame, and the bar with the next one.
    requestAnimationFrame(() => requestAnimationFrame(mark));
    if (whole && !length) whole.checked = false;
  };
  // What an action in the open menu would do to the selected keys, before one presses it.
  let foreseen;
  const foresee = async () => {
    const note = one("#bulk details[open] .outcome"), asked = (foreseen = {});
    if (!note) return;
    const body = new URLSearchParams(new FormData(one("#bulk")));
    for (const name of ["key", "as_of", "sort", "page"]) body.delete(name);
    body.set("action", note.dataset.action);
    body.set("access_keys", chosen().map((box) => box.value).join(" "));
    note.dataset.otherwise ??= note.textContent;
    let text;
    try {
      const answer = await fetch("/fn/keys/preview", { method: "POST", body }), told = await answer.json();
      text = answer.ok ? told : Object.values(told.fields)[0] ?? told.message;
    } catch {}
    if (asked === foreseen) say(note, text || note.dataset.otherwise);
  };
  const clear = () => {
    for (const box of boxes()) box.checked = false;
    count();
  };
  // Esc closes what is open first.
  addEventListener("keydown", ({ key, target, isComposing }) => {
    const isTyping = target.matches?.("input:not([type=checkbox]), select, textarea");
    if (key === "Escape" && !isComposing && !isTyping && !one("dialog:modal, details.menu[open], details.drawer[open]") && chosen().length) clear();
  }, true);
  let last, shift = false;
  const choose = (box) => {
    const page = boxes(), from = page.indexOf(shift ? last : box), to = page.indexOf(box);
    for (const each of from < 0 ? [] : page.slice(Math.min(from, to), Math.max(from, to) + 1)) each.checked = box.checked;
    last = box;
    if (!box.checked && one("#bulk [name=all]")) one("#bulk [name=all]").checked = false;
  };

  // The query that is asked now, by the parameters of the address. Its tab is marked before the answer is there.
  const FIRST = "-created", TYPING_MS = 250;
  let now = new URLSearchParams(location.search), searched = now.get("q") ?? "", typing;
  globalThis.asked = (search) => {
    const before = String(now);
    now = new URLSearchParams(search);
    const field = one("#search"), q = now.get("q") ?? "";
    if (before === String(now) || !field) return searched = q;
    for (const tab of all(".filters a")) {
      const is = new URLSearchParams(tab.search).get("status") === now.get("status");
      is ? tab.setAttribute("aria-current", "true") : tab.removeAttribute("aria-current");
    }
    clear();
    last = null;
    one("#sort").value = now.get("sort") ?? FIRST;
    // Text that is being typed is never overwritten.
    if (searched !== q) field.value = searched = q;
  };
  // An address as the server writes it, so that one query has one address.
  const address = (path, pairs) => {
    const parts = pairs.filter(([, value]) => value).map(([name, value]) => name + "=" + encodeURIComponent(value));
    return path + (parts.length ? "?" : "") + parts.join("&");
  };
  const visit = (href, replace) => {
    // The router follows links.
    const link = Object.assign(document.createElement("a"), { href, replace });
    link.dataset.noscroll = "";
    document.body.append(link);
    link.click();
    link.remove();
  };
  // Links were drawn for one query, and another may be asked already: what they change, they change of that one.
  const follow = (event, link) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const from = new URLSearchParams(drawn), to = new URLSearchParams(link.search);
    const pairs = ["q", "status", "show", "sort", "page"].map((name) => {
      const value = to.get(name);
      // A page is one of the answer that the link leads to.
      return [name, name !== "page" && value === from.get(name) ? now.get(name) : value];
    });
    const href = address(link.pathname, pairs);
    asked(new URL(href, location).search);
    // The highlight moves with the next frame, which does not wait for the router. A link elsewhere may be pressed meanwhile.
    requestAnimationFrame(() => setTimeout(() => location.pathname === link.pathname && visit(href)));
  };
  const search = (replace) => {
    clearTimeout(typing);
    const field = one("#search");
    if (!keepsSecretsOut(field)) return;
    const q = field.value.trim(), sort = one("#sort").value;
    if (q === (now.get("q") ?? "") && sort === (now.get("sort") ?? FIRST)) return;
    searched = q;
    const pairs = [["q", q], ["status", now.get("status")], ["show", now.get("show")], ["sort", sort === FIRST ? "" : sort]];
    visit(address(field.form.getAttribute("action"), pairs), replace);
  };
  // The escapes of addresses, mails, HTML and programs.
  const plain = (text) => text
    .replace(/(?:[%=]|\\x|\\u00|&#x0*)([2-7][\da-f]);?|&#0*(\d{2,3});/gi, (_, hex, code) => String.fromCharCode(hex ? parseInt(hex, 16) : code))
    .replace(/&lowbar;|\\_/g, "_");
  // What only programs make: a part of a secret key without its prefix, or in base64.
  const RANDOM = /(?=[A-Za-z]*\d)(?=[A-Z\d]*[a-z])(?=[a-z\d]*[A-Z])[A-Za-z\d]{32}|[A-Za-z\d]{64}/;
  // A pasted secret key becomes part of no address: it is taken out of the search, and the message tells which key it is.
  // What came with it, its access key, is searched. As shared/pasted.rs.
  const keepsSecretsOut = (field) => {
    const secret = field.value, text = plain(plain(secret.normalize("NFKC"))).replace(/[^!-~]/g, "");
    const own = document.documentElement.dataset.prefix ?? "kh", coded = btoa(own + "_").slice(0, (own.length + 1) * 8 / 6);
    const known = RegExp(`(khs_|a2hf|${own}s_|${coded})[\\w+/=-]{8}`, "i");
    if (!known.test(text) && !RANDOM.test(secret)) return true;
    const [basic = ""] = text.match(RegExp(`(a2hf|${coded})[a-z0-9+/]*`, "i")) ?? [];
    const both = text + " " + atob(basic.slice(0, basic.length & ~3));
    [field.value = ""] = both.match(RegExp(`(${own}|kh)_[a-z0-9]{16}`)) ?? [];
    send("/fn/keys/which", new URLSearchParams({ secret }));
    return field.value !== "";
  };

  // Copying. The answer is drawn over the table, so that nothing moves.
  let said;
  const unsay = () => {
    clearTimeout(said);
    for (const button of all("[data-said]")) delete button.dataset.said;
    say(one("#said"), "");
  };
  const copy = async (button) => {
    let words = "Copied";
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      selectText(one("code", button.closest("tr")));
      words = "Copy by hand: selected";
    }
    unsay();
    button.dataset.said = words;
    say(one("#said"), words);
    said = setTimeout(unsay, 2000);
  };

  // A press anywhere in a row opens its key, but not one on a control, nor one that ends a selection of text.
  const CONTROLS = "a, button, input, label, summary, .menu-items, thead";
  const open = (target, beside) => {
    const link = !target.closest(CONTROLS) && !hasSelectedText() && one("th a", target.closest(".key-table tr") ?? undefined);
    if (link && target.closest(".key-table tr")) beside ? window.open(link.href) : link.click();
  };

  // Forms. The module sends them, and shows the outcome.
  const SETTLING_MS = 500;
  let busy = false, settling;
  const send = (path, body, done = () => {}) => dispatchEvent(new CustomEvent("act", { detail: [path, body, done] }));
  // The second press of a double click was meant for what was here before.
  const settle = () => requestAnimationFrame(() => {
    const list = one(".list");
    list?.classList.add("settling");
    clearTimeout(settling);
    settling = setTimeout(() => list?.classList.remove("settling"), SETTLING_MS);
  });
  const refuse = (form, message) => {
    const field = one("[name^=confirm]", form), note = one(".help", form);
    field.toggleAttribute("aria-invalid", false);
    if (message) {
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
    note.classList.toggle("wrong", !!message);
    note.textContent = message;
  };
  // The selected keys that a deletion would hurt most: those that were used last.
  const NAMED = 6;
  const nameKeys = (dialog, number, whole) => {
    const list = one(".named-keys", dialog), title = one("#named-title", dialog);
    const at = (row) => one(".used time", row)?.dateTime ?? "";
    const rows = chosen().map((box) => box.closest("tr")).sort((a, b) => (at(a) < at(b)) - (at(a) > at(b)));
    const item = (...parts) => {
      const item = document.createElement("li");
      item.append(...parts);
      return item;
    };
    const items = rows.slice(0, NAMED).map((row) => {
      const name = document.createElement("bdi"), used = document.createElement("span");
      name.textContent = one("th a", row).textContent;
      used.textContent = at(row) ? "Used " + one(".used", row).textContent : "Never used";
      return item(name, used);
    });
    if (number > items.length) items.push(item(`and ${number - items.length} more${whole ? " that match" : ""}`));
    title.textContent = whole ? "Most recently used on this page:" : "Most recently used first:";
    title.hidden = items.length < 2;
    list.hidden = false;
    list.replaceChildren(...items);
  };
  const ask = () => {
    const dialog = one("#delete-keys"), form = one("form", dialog), whole = one("#bulk [name=all]")?.checked;
    const number = whole ? one("#bulk [name=all]").dataset.total : String(chosen().length);
    one("h2", dialog).textContent = `Delete ${number} ${number === "1" ? "key" : "keys"}?`;
    one("p:last-of-type strong", dialog).textContent = number;
    nameKeys(dialog, number, whole);
    form.elements.access_keys.value = chosen().map((box) => box.value).join(" ");
    form.elements.all.value = whole ? "true" : "";
    form.elements.confirm_count.value = "";
    refuse(form, "");
    dialog.showModal();
    form.elements.confirm_count.focus();
  };
  // One key is deleted here too. If the question can't be fetched, the link leads to the key's page, which says why.
  const askOf = async (link) => {
    const menu = link.closest("details"), dialog = one("#delete-key");
    if (busy) return;
    busy = true;
    link.setAttribute("aria-busy", "true");
    let html;
    try {
      const body = new URLSearchParams({ access_key: link.closest("tr").id });
      const answer = await fetch("/fn/keys/deletion", { method: "POST", body });
      const text = await answer.text();
      html = answer.ok && JSON.parse(text);
    } catch {}
    busy = false;
    link.removeAttribute("aria-busy");
    // The menu was closed meanwhile, or its row is gone.
    if (!menu.open || !dialog.isConnected) return;
    if (!html) return visit(link.href);
    menu.open = false;
    // Where the focus returns when the dialog is closed.
    one("summary", menu).focus();
    dialog.innerHTML = html;
    dialog.showModal();
    one("input[name^=confirm]", dialog).focus();
  };
  addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (!inList(form) || event.defaultPrevented) return;
    const dialog = (submitter ?? form).closest("dialog");
    // The button of the Enter key, which sets a date and presses nothing else.
    if (submitter?.name && !submitter.value) {
      event.preventDefault();
      // Not within this event, in which the form ignores another submission.
      if (document.activeElement.id === "bulk-date") setTimeout(() => one("#bulk [value=set]").click());
      return;
    }
    for (const menu of all("details.menu[open]")) menu.open = false;
    // An export is a download of the browser.
    if (submitter?.formMethod === "get") return;
    event.preventDefault();
    if (form.method === "get") return search(false);
    if (submitter?.value === "delete") return ask();
    if (busy) return;
    busy = true;
    submitter?.setAttribute("aria-busy", "true");
    settle();
    send(form.getAttribute("action"), new URLSearchParams(new FormData(form, submitter)), (message) => {
      busy = false;
      submitter?.removeAttribute("aria-busy");
      settle();
      if (dialog && message) return refuse(form, message);
      // A message elsewhere on the page is not hidden behind it.
      dialog?.close();
      if (message === undefined) clear();
      // The message stands in the next frame, and what was pressed may be gone.
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (document.activeElement === document.body) one(".toast .button")?.focus();
      }));
    });
  });

  addEventListener("click", (event) => {
    const { target } = event;
    if (!inList(target)) return;
    shift = event.shiftKey;
    const button = target.closest("button, a");
    if (button?.dataset.copy) copy(button);
    else if (button?.hash === "#delete" && !shift && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      askOf(button);
    } else if (button && "press" in button.dataset) {
      button.closest("dialog").close();
      if (button.dataset.press) one(button.dataset.press).click();
    } else if (button?.matches(".clear")) {
      clear();
      one(".key-table thead input").focus();
    } else if (button?.matches(".search a")) {
      event.preventDefault();
      one("#search").value = "";
      one("#search").focus();
      search(false);
    } else {
      if (button?.pathname === location.pathname) follow(event, button);
      if (button?.matches(".chip a")) requestAnimationFrame(() => one("#search")?.focus());
      // What it chose is in sight behind the menu.
      if (button?.matches(".menu-items a")) button.closest("details").open = false;
      open(target, event.ctrlKey || event.metaKey);
    }
  });
  // A row's menu opens upwards where the window would cut it.
  addEventListener("toggle", ({ target: menu }) => {
    if (!menu.open || !menu.matches(".actions .menu") || !inList(menu)) return;
    menu.classList.remove("up");
    const { bottom, height } = one(".menu-items", menu).getBoundingClientRect();
    menu.classList.toggle("up", bottom > innerHeight && menu.getBoundingClientRect().top > height);
  }, true);
  addEventListener("auxclick", ({ target, button }) => button === 1 && inList(target) && open(target, true));
  addEventListener("change", ({ target }) => {
    if (!inList(target)) return;
    if (target.matches("thead input")) for (const box of boxes()) box.checked = target.checked;
    else if (target.name === "key") choose(target);
    else if (target.id === "sort") search(false);
    count();
    foresee();
  });
  addEventListener("toggle", ({ target }) => inList(target) && foresee(), true);
  addEventListener("input", ({ target }) => {
    if (target.id === "bulk-date") foresee();
    if (target.id !== "search" || !inList(target)) return;
    keepsSecretsOut(target);
    clearTimeout(typing);
    typing = setTimeout(search, TYPING_MS, true);
  });
}
