// Runs in the head, before anything else can touch the page, and notes what take_over.js goes by later: which nodes were
// sent, and what was changed since. It is in every page, so what can wait is there.
{
  const boot = { touched: new Set(), sent: [] };
  globalThis.boot = boot;

  // The nodes of the body with their parents, in order: what hydration walks along.
  boot.nodes = () => {
    const walker = document.createTreeWalker(document.body), list = [];
    while (walker.nextNode()) list.push([walker.currentNode, walker.currentNode.parentNode]);
    return list;
  };
  // The last moment at which nobody waits for the page to be parsed: extensions act from here on.
  addEventListener("readystatechange", () => boot.sent.length || (boot.sent = boot.nodes()), true);
  boot.touch = (event) => boot.touched.add(event.target);
  for (const type of ["input", "change"]) addEventListener(type, boot.touch, true);
}
