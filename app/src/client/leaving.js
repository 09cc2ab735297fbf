// Leaving a page asks first while something would be lost: a secret that was not copied, or typed text that was not sent.
// It comes before the module, so that its listeners run before the router's. It needs no other script.
{
  const SECRET = ["Leave without the secret key?", "You haven't copied it, and you won't see it again.", "Stay", "Leave anyway"];
  const TEXT = ["Discard your changes?", "What you typed on this page isn't saved yet.", "Keep editing", "Discard"];

  const card = () => document.querySelector("[data-unsaved]");

  // Forms in which something was typed. Menus, dialogs and the pages without navigation have nothing worth a question.
  const typed = new Set();
  const fields = (form) => [...form.elements].filter((field) =>
    field.matches("textarea, input:not([type=hidden], [type=password], [type=radio], [type=checkbox])"));
  const isHalfWritten = (form) => form.isConnected && fields(form).some((field) => field.value !== field.defaultValue);
  addEventListener("input", ({ target: { form } }) => {
    if (form?.method !== "post" || form.closest("dialog, .menu-items, .inline, .gate")) return;
    typed.add(form);
    hold();
  });
  // The form was accepted: its fields hold what is stored.
  globalThis.sentForm = (form) => {
    typed.delete(form);
    for (const field of fields(form)) field.defaultValue = field.value;
  };

  const loss = () => card() ? SECRET : [...typed].some(isHalfWritten) ? TEXT : undefined;
  const forget = () => {
    typed.clear();
    card()?.removeAttribute("data-unsaved");
  };

  const add = (parent, name, text, properties) =>
    parent.appendChild(Object.assign(document.createElement(name), { textContent: text }, properties));
  const ask = ([title, text, stay, leave], then) => {
    const dialog = add(document.body, "dialog", "", { className: "dialog" });
    dialog.setAttribute("aria-labelledby", add(dialog, "h2", title, { id: "leaving" }).id);
    add(dialog, "p", text);
    const answers = add(dialog, "div", "", { className: "answers" });
    const button = (text, className, value) =>
      add(answers, "button", text, { type: "button", className, onclick: () => dialog.close(value) });
    button(leave, "button", "leave");
    button(stay, "button primary", "").autofocus = true;
    dialog.onclose = () => {
      dialog.remove();
      if (dialog.returnValue) {
        forget();
        then();
      }
    };
    dialog.showModal();
  };

  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]:not([download])");
    if (!link || link.target || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    // A link within the page leaves nothing.
    if (link.origin === location.origin && link.pathname === location.pathname) return;
    const lost = loss();
    if (!lost) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(lost, () => link.click());
  }, true);

  addEventListener("beforeunload", (event) => {
    if (!card()) return;
    event.preventDefault();
    // Browsers before 2024 ask only if this is set.
    event.returnValue = "unsaved";
  });

  // A second entry in the history for this page: going back lands on the first, and the page is still there. If nothing
  // would be lost by then, going back goes on.
  let held = !!history.state?.held;
  const hold = () => {
    if (history.state?.held) return;
    history.replaceState({ ...history.state, holds: true }, "");
    history.pushState({ held: true }, "", location.href);
    held = true;
  };
  globalThis.holdBack = hold;
  addEventListener("popstate", (event) => {
    const left = held, lost = loss();
    held = !!event.state?.held;
    if (!left || !event.state?.holds) return;
    event.stopImmediatePropagation();
    if (!lost) return history.back();
    hold();
    ask(lost, () => history.go(-2));
  }, true);
}
