// Replaces functions of a module with a trap: snip.mjs <module.wasm> <name of functions>... For functions that are never
// called but stay because a vtable names them, and for functions that do nothing useful before they trap.

import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const [file, ...names] = process.argv.slice(2);
const module = binaryen.readBinary(readFileSync(file));
const functions = Array.from({ length: module.getNumFunctions() }, (_, at) => module.getFunctionByIndex(at));

for (const name of names) {
  // The function and its closures. Code that only mentions it, like the drop of such a closure, may be shared.
  const pattern = new RegExp(`::${name}(::\\{\\{closure\\}\\})*(::h[0-9a-f]{16})?$`);
  const found = functions.filter((one) => pattern.test(binaryen.getFunctionInfo(one).name));
  // The compiler chooses the names. If their form ever changes, the build fails instead of growing silently.
  if (found.length === 0) throw new Error(`${file} has no function ${name}`);
  for (const one of found) binaryen.Function.setBody(one, module.unreachable());
}
writeFileSync(file, module.emitBinary());
