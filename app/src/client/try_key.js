// The form of the Developers page that checks a key: it asks /verify as a program does, and keeps nothing.
{
  const part = (id) => document.getElementById("try-" + id);
  const form = part("form"), access = part("access"), secret = part("secret"), answer = part("answer");
  const button = form.querySelector("button");
  form.hidden = false;
  part("plain").hidden = true;

  const make = (tag, text, properties) => Object.assign(document.createElement(tag), { textContent: text }, properties);
  const show = (good, words, ...more) => {
    const line = make("p", "", { className: "note " + (good ? "good" : "bad") });
    line.append(make("span", words), ...more);
    answer.replaceChildren(line);
  };

  // A pasted pair, in any of the forms that a key is shown in, fills both fields.
  form.addEventListener("input", ({ target }) => {
    answer.replaceChildren();
    const one = target.value.match(/\b[a-z][a-z0-9]+_[0-9a-z]{16}\b/), other = target.value.match(/\b[a-z][a-z0-9]+s_[0-9A-Za-z]{49}\b/);
    if (!one || !other) return;
    access.value = one[0];
    secret.value = other[0];
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.ariaBusy) return;
    const missing = [access, secret].find((input) => !input.value.trim());
    if (missing) {
      show(false, `Paste the ${missing === access ? "access" : "secret"} key.`);
      return missing.focus();
    }
    button.ariaBusy = "true";
    // Headers hold no other characters. What is not one of them belongs to no key.
    const pair = `${access.value.trim()}.${secret.value.trim()}`.replace(/[^!-~]/g, "?");
    try {
      const response = await fetch("/verify", { headers: { "X-API-Key": pair }, credentials: "omit", cache: "no-store" });
      const text = await response.text(), headers = [...response.headers].map((header) => header.join(": "));
      const problem = text ? JSON.parse(text) : {};
      // "2027-02-28T04:52:39.023Z"
      const expires = response.headers.get("x-keyhold-expires-at")?.slice(0, 16).replace("T", " ");
      const link = problem.restore_url && make("a", "Choose a new expiration", { href: problem.restore_url });
      if (response.ok) show(true, `200 · The key works. ${expires ? `It expires on ${expires} UTC.` : "It never expires."}`);
      else show(false, `${response.status} · ${problem.code}: ${problem.detail}`, ...(link ? [link] : []));
      const details = make("details", "", { className: "whole" }), raw = make("pre", "", { tabIndex: 0 });
      raw.append(make("code", [`HTTP ${response.status}`, ...headers, "", text && JSON.stringify(problem, null, 2)].join("\n").trim()));
      details.append(make("summary", "Whole answer"), raw);
      answer.append(details);
    } catch {
      show(false, "The key can't be checked right now. Check your connection and try again.");
    }
    button.ariaBusy = null;
  });

  // The history brings the page back without the secret.
  addEventListener("pagehide", () => {
    secret.value = "";
    answer.replaceChildren();
  });
}
