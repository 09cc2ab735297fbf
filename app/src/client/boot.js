// Records for take_over.js: the sent nodes, and the controls changed since. Runs in the head, before any other script can
// change the page. Every page carries it, so all else is in take_over.js.
{
  const boot = { touched: new Set(), sent: [] };
  globalThis.boot = boot;

  // The nodes of the body with their parents, in the order of hydration.
  boot.nodes = () => {
    const walker = document.createTreeWalker(document.body), list = [];
    while (walker.nextNode()) list.push([walker.currentNode, walker.currentNode.parentNode]);
    return list;
  };
  // The last moment before extensions, which wait for the page to be parsed, can act.
  addEventListener("readystatechange", () => boot.sent.length || (boot.sent = boot.nodes()), true);
  boot.touch = (event) => boot.touched.add(event.target);
  for (const type of ["input", "change"]) addEventListener(type, boot.touch, true);
}
