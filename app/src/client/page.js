// The script of the pages that few visit, which come without the module: see boot.rs. Everything on them works by plain forms
// and links; this makes it quicker and kinder.
{
  const COPIED_MS = 2000, PAUSES_MS = [2000, 60000];
  const find = (selector) => document.querySelectorAll(selector);
  document.documentElement.dataset.alive = "page";

  // Buttons that need a script are hidden in the HTML.
  for (const button of find("[data-copy], [data-show]")) button.hidden = !isSecureContext && "copy" in button.dataset;

  const copy = async (button) => {
    const word = button.querySelector(".word"), said = word.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      word.textContent = "Copied";
      button.classList.add("done");
    } catch {
      const code = button.parentElement.querySelector("code");
      if (code) getSelection().selectAllChildren(code);
      word.textContent = "Press Ctrl+C or ⌘C";
    }
    setTimeout(() => {
      word.textContent = said;
      button.classList.remove("done");
    }, COPIED_MS);
  };
  const show = (button) => {
    const input = button.parentElement.querySelector("input"), shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.firstElementChild.textContent = shown ? "Show" : "Hide";
  };
  addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-copy], [data-show]");
    if (button) ("copy" in button.dataset ? copy : show)(button);
  });

  const changed = (control) => control.checked !== control.defaultChecked
    || (control.options ? [...control.options].some((option) => option.selected !== option.defaultSelected)
      : control.value !== control.defaultValue);
  const fields = () => [...find("form[method=post] :is(input, textarea, select)")]
    .filter(({ name, type }) => name && type !== "hidden" && !/password|secret/.test(type + name));

  // Sending one form keeps the input of the others, and its own in case the session has ended. Never a password or a secret.
  const DRAFT = "keyhold-drafts";
  const owner = () => document.querySelector("[data-owner]")?.dataset.owner;
  const label = ({ form, name, type, value }) => [form.getAttribute("action"), name, type === "checkbox" ? value : ""].join(" ");
  const keep = (sent) => {
    const kept = fields().filter(changed)
      .map((control) => [label(control), control.type === "checkbox" ? control.checked : control.value, control.form === sent])
      .filter(([, value]) => !/kh[so]_/.test(value));
    sessionStorage.setItem(DRAFT, JSON.stringify([owner(), kept]));
  };
  // The answer holds what became of the form that was sent. Only after a sign-in is there no answer.
  const answered = location.pathname.startsWith("/fn/") || /[?&]done=/.test(location.search);
  // A function's address is no page: a reload, a link or a bookmark would not lead back here.
  const { page } = document.documentElement.dataset;
  if (page) history.replaceState(null, "", page);
  const restore = () => {
    const [whose, kept] = JSON.parse(sessionStorage.getItem(DRAFT)) ?? [];
    if (!owner()) return;
    // No other account and no other person gets it.
    sessionStorage.removeItem(DRAFT);
    if (whose !== owner()) return;
    for (const control of fields())
      for (const [, value] of kept.filter(([key, , sent]) => key === label(control) && !(sent && answered)))
        control[control.type === "checkbox" ? "checked" : "value"] = value;
  };
  // A page that answers a form opens where the form was, with the focus on its button.
  const PLACE = "keyhold-place";
  const forms = () => [...find("main form[method=post]")];
  const mark = (form, button) => {
    const place = [document.title, scrollY, forms().length, forms().indexOf(form), [...form.elements].indexOf(button)];
    sessionStorage.setItem(PLACE, JSON.stringify(place));
  };
  const comeBack = () => {
    const [title, top, count, form, button] = JSON.parse(sessionStorage.getItem(PLACE)) ?? [];
    sessionStorage.removeItem(PLACE);
    if (!answered || title !== document.title) return;
    scrollTo(0, top);
    // Where a form has come or gone, the button at this place could do something else.
    if (forms().length === count) forms()[form]?.elements[button]?.focus({ preventScroll: true });
  };
  for (const act of [restore, comeBack])
    try {
      act();
    } catch {}
  // The outcome of a form is told once: not after a reload, and not after a sign-in that leads back here.
  const told = document.querySelector(".told"), text = told?.querySelector("[role=status]").firstChild;
  if (told) {
    const address = new URL(location.href);
    for (const name of ["done", "change"]) address.searchParams.delete(name);
    address.hash = "";
    history.replaceState(null, "", address);
    // Screen readers read out what enters the message, and not what was there from the start.
    text.replaceWith(text.cloneNode());
    told.querySelector("a").onclick = (event) => {
      event.preventDefault();
      told.remove();
    };
  }

  // A form is sent once. The history may bring the page back, with its buttons as they were.
  const progress = document.querySelector(".progress");
  let leaving = false;
  addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (leaving) return event.preventDefault();
    leaving = true;
    progress?.classList.add("going");
    event.submitter?.setAttribute("aria-busy", "true");
    try {
      keep(event.target);
      mark(event.target, event.submitter);
    } catch {}
  });
  addEventListener("pageshow", () => {
    leaving = false;
    progress?.classList.remove("going");
    for (const button of find("[aria-busy]")) button.removeAttribute("aria-busy");
  });
  addEventListener("beforeunload", (event) => !leaving && fields().some(changed) && event.preventDefault());

  // Without a connection nothing can be saved.
  const offline = document.querySelector(".offline");
  for (const type of ["offline", "online"])
    addEventListener(type, () => offline && (offline.textContent = type === "offline" ? offline.dataset.text : ""));

  // After a refusal one goes on at the field it means.
  const wrong = document.querySelector("[aria-invalid=true], .note.bad[role=alert]");
  wrong?.focus();

  // Parts of the page that change by themselves are fetched again while something in them waits, and on return.
  let pause = PAUSES_MS[0], timer;
  const refresh = async () => {
    clearTimeout(timer);
    if (document.hidden || leaving || !find("[data-live]").length) return;
    try {
      const answer = await fetch(location.href);
      // A session that has ended answers with another page.
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of find("[data-live]")) {
          const now = page.getElementById(part.id);
          if (now && !part.contains(document.activeElement)) part.replaceWith(now);
        }
      }
    } catch {}
    wait();
  };
  const wait = () => {
    if (!find("[data-waiting]").length) return;
    timer = setTimeout(refresh, pause);
    pause = Math.min(2 * pause, PAUSES_MS[1]);
  };
  for (const type of ["visibilitychange", "online"]) addEventListener(type, refresh, true);
  wait();
}
