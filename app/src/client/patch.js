// The later answers of a list that the server renders. Only what differs from the last answer is changed, so that the focus,
// the selection, open menus and typed text stay, and what a translator has put in place of texts.
{
  // `shadow` is the last answer, and `lives` has the node on the page for each of its nodes.
  const lives = new WeakMap();
  let shadow;
  const pair = (old, live) => {
    lives.set(old, live);
    [...old.children].forEach((child, at) => pair(child, live.children[at]));
  };
  const children = (node) => {
    const seen = {};
    return new Map([...node.children].map((child) => {
      const name = child.id || [child.nodeName, child.getAttribute("name"), child.getAttribute("class")].join(" ");
      seen[name] = (seen[name] ?? 0) + 1;
      return [name + seen[name], child];
    }));
  };
  const hasText = (node) => [...node.childNodes].some(({ nodeType }) => nodeType === Node.TEXT_NODE);
  const patch = (old, next) => {
    if (old.isEqualNode(next)) return;
    const live = lives.get(old);
    for (const name of [...old.getAttributeNames(), ...next.getAttributeNames()]) {
      const value = next.getAttribute(name);
      if (old.getAttribute(name) === value) continue;
      for (const node of [old, live]) value === null ? node.removeAttribute(name) : node.setAttribute(name, value);
    }
    if (hasText(old) || hasText(next)) {
      if (old.innerHTML === next.innerHTML) return;
      live.replaceChildren(...next.cloneNode(true).childNodes);
      old.replaceChildren(...next.childNodes);
      return pair(old, live);
    }
    const before = children(old), now = children(next);
    for (const [name, gone] of before) if (!now.has(name)) {
      lives.get(gone).remove();
      gone.remove();
    }
    let after = null, liveAfter = null;
    for (const [name, child] of [...now].reverse()) {
      const mine = before.get(name) ?? child;
      if (mine === child) pair(child, child.cloneNode(true));
      else patch(mine, child);
      const node = lives.get(mine);
      if (node.parentNode !== live || node.nextElementSibling !== liveAfter) live.insertBefore(node, liveAfter);
      old.insertBefore(mine, after);
      after = mine;
      liveAfter = node;
    }
  };
  // Puts an answer into the list. The first one is there already.
  globalThis.patchList = (list, html) => {
    if (!shadow || lives.get(shadow) !== list) {
      shadow = list.cloneNode(true);
      for (const menu of shadow.querySelectorAll("details")) menu.removeAttribute("open");
      pair(shadow, list);
    } else if (html) {
      const next = shadow.cloneNode();
      next.innerHTML = html;
      patch(shadow, next);
    }
  };
}
