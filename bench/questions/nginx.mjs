// The cost of a guard in nginx: its own, and Keyhold.

import { startNginx } from "../nginx.mjs";
import { atLeast, milliseconds, perSecond, ratio } from "../report.mjs";
import { withTenKeys } from "../ten.mjs";
import { alternate } from "../wrk.mjs";

export const title = "Against nginx, 64 connections";

export async function measure() {
  const { keyhold, good, unknown } = await withTenKeys();
  const { nginx, targets, refuses } = await startNginx(keyhold, good.headers.authorization);
  if (!(await refuses(unknown.headers.authorization))) throw new Error("nginx let an unknown key through");
  const measured = [good, targets.basic, targets.file, targets.byConstant, targets.byKeyhold];
  const results = await alternate(measured, 64, 3);
  await nginx.stop();
  await keyhold.stop();
  const [verified, basic, , byConstant, byKeyhold] = results.map(({ rate }) => rate);
  return {
    columns: ["", "requests/s", "to auth_basic", "p50", "p99"],
    rows: results.map(({ rate, p50, p99 }, index) => [
      measured[index].name, perSecond(rate), ratio(rate / basic), milliseconds(p50), milliseconds(p99),
    ]),
    after: [`auth_request to Keyhold against auth_request to the constant answer: ${ratio(byKeyhold / byConstant)}.`],
    targets: [atLeast("requests/s of a good key, against nginx auth_basic", verified / basic, 1, ratio)],
  };
}
