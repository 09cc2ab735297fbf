import { test as base } from "@playwright/test";

import { AccountPage } from "../pages/account.ts";
import { ApiControl } from "../pages/api-control.ts";
import { CreatePage } from "../pages/create.ts";
import { Dashboard } from "../pages/dashboard.ts";
import { KeyPage } from "../pages/key.ts";
import { LinkPage, NoticesPage } from "../pages/notices.ts";
import { SignIn, SignUp } from "../pages/sign.ts";
import { type Account, Functions, newAccount } from "./account.ts";
import { Keyhold } from "./keyhold.ts";
import { Mailbox } from "./mail.ts";
import { PostOffice } from "./post-office.ts";
import { Watch } from "./watch.ts";

export { expect } from "@playwright/test";

interface Options {
  /** The time zone of the account that a test starts with. */
  accountZone: string;
}

interface Fixtures {
  watch: Watch;
  functions: Functions;
  /** Using this fixture signs the browser in. */
  account: Account;
  signUp: SignUp;
  signIn: SignIn;
  dashboard: Dashboard;
  apiControl: ApiControl;
  createPage: CreatePage;
  keyPage: KeyPage;
  accountPage: AccountPage;
  noticesPage: NoticesPage;
  linkPage: LinkPage;
  mailbox: Mailbox;
}

export interface WorkerOptions {
  /** Whether mails go to a mail server rather than into a folder. */
  overSmtp: boolean;
  /** The address of a PostgreSQL server for the database; a file if empty. */
  databaseServer: string;
}

interface WorkerFixtures {
  postOffice: PostOffice;
  keyhold: Keyhold;
}

let tests = 0;

export const test = base.extend<Options & Fixtures, WorkerOptions & WorkerFixtures>({
  accountZone: ["UTC", { option: true }],

  overSmtp: [false, { option: true, scope: "worker" }],

  databaseServer: ["", { option: true, scope: "worker" }],

  postOffice: [
    async ({}, use) => {
      const office = await PostOffice.open();
      await use(office);
      await office.close();
    },
    { scope: "worker" },
  ],

  keyhold: [
    async ({ overSmtp, postOffice, databaseServer }, use) => {
      const settings: Record<string, string> = overSmtp ? { KEYHOLD_SMTP_URL: postOffice.url } : {};
      const keyhold = await Keyhold.start([], settings, databaseServer || undefined);
      await use(keyhold);
      // Checks before the stop, while the write-ahead log still holds the last changes, and after it.
      const leaks = await keyhold.leaks();
      const code = await keyhold.stop();
      leaks.push(...(await keyhold.leaks()));
      if (leaks.length > 0) throw new Error(`a secret key is in clear text in ${leaks.join(", ")}`);
      if (code !== 0) throw new Error(`keyhold exited with ${code}:\n${keyhold.log.slice(-2000)}`);
      await keyhold.remove();
    },
    { scope: "worker" },
  ],

  baseURL: async ({ keyhold }, use) => use(keyhold.url),

  extraHTTPHeaders: async ({}, use, info) => {
    // Sign-in attempts are counted by the first three numbers of an address.
    tests += 1;
    const network = info.workerIndex * 1000 + tests;
    await use({ "x-forwarded-for": `10.${(network >> 8) & 255}.${network & 255}.1` });
  },

  watch: [
    async ({ context, keyhold, javaScriptEnabled }, use, info) => {
      const watch = new Watch(context, keyhold);
      // Nothing uses the module then, on which Chromium remarks if the test takes its time.
      if (!javaScriptEnabled) watch.allow(/preloaded using link preload but not used/);
      await use(watch);
      const faults = await watch.finish();
      if (faults.length > 0 || info.status !== info.expectedStatus) {
        await info.attach("the server's log", { body: watch.log(), contentType: "text/plain" });
      }
      if (faults.length > 0) throw new Error(`forbidden events on a page:\n${faults.join("\n")}`);
    },
    { auto: true },
  ],

  functions: async ({ keyhold, context, watch: _ }, use) => use(new Functions(keyhold, context.request)),

  account: async ({ functions, accountZone }, use) => use(await newAccount(functions, accountZone)),

  signUp: async ({ page }, use) => use(new SignUp(page)),
  signIn: async ({ page }, use) => use(new SignIn(page)),
  dashboard: async ({ page }, use) => use(new Dashboard(page)),
  apiControl: async ({ page }, use) => use(new ApiControl(page)),
  createPage: async ({ page }, use) => use(new CreatePage(page)),
  keyPage: async ({ page }, use) => use(new KeyPage(page)),
  accountPage: async ({ page }, use) => use(new AccountPage(page)),
  noticesPage: async ({ page }, use) => use(new NoticesPage(page)),
  linkPage: async ({ page }, use) => use(new LinkPage(page)),
  mailbox: async ({ keyhold }, use) => use(new Mailbox(keyhold)),
});
