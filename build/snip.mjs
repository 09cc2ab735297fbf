// Makes functions of a module trap: snip.mjs <module.wasm> <name of functions>... For what is never called, which no
// optimiser takes out by itself where it is in a vtable, and for what does nothing of use before it traps.

import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const [file, ...names] = process.argv.slice(2);
const module = binaryen.readBinary(readFileSync(file));
const functions = Array.from({ length: module.getNumFunctions() }, (_, at) => module.getFunctionByIndex(at));

for (const name of names) {
  // Itself and the closures in it. What only mentions it, like code that drops such a closure, may be shared with others.
  const pattern = new RegExp(`::${name}(::\\{\\{closure\\}\\})*(::h[0-9a-f]{16})?$`);
  const found = functions.filter((one) => pattern.test(binaryen.getFunctionInfo(one).name));
  // The names come from the compiler. If it ever writes them otherwise, the build stops instead of growing.
  if (found.length === 0) throw new Error(`${file} has no function ${name}`);
  for (const one of found) binaryen.Function.setBody(one, module.unreachable());
}
writeFileSync(file, module.emitBinary());
