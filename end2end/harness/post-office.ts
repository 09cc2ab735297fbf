import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";

import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";

const CERTIFICATE = resolve(import.meta.dirname, "../../vault/src/test_support/peer/selfsigned.pem");
const USER = "keyhold";
const PASSWORD = "let me in";

/**
 * A mail server that accepts every mail after STARTTLS and a login, except to the addresses that it rejects permanently.
 *
 * It is nodemailer's and not the scripted peer of the Rust tests: the peer has the same authors as the client under
 * test, so both could share a mistake.
 */
export class PostOffice {
  readonly letters: Email[] = [];
  /** The text of the 550 response, by address. */
  readonly refused = new Map<string, string>();
  readonly #server: SMTPServer;

  private constructor() {
    const pem = readFileSync(CERTIFICATE);
    this.#server = new SMTPServer({
      key: pem,
      cert: pem,
      // This server requires both: it rejects mail without a login, and offers the login only after STARTTLS.
      onAuth: ({ username, password }, session, answer) => {
        const welcome = session.secure && username === USER && password === PASSWORD;
        answer(welcome ? null : new Error("unknown user"), { user: username });
      },
      onRcptTo: ({ address }, _, answer) => {
        const words = this.refused.get(address);
        answer(words === undefined ? null : Object.assign(new Error(words), { responseCode: 550 }));
      },
      onData: (stream, _, answer) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk) => chunks.push(chunk));
        stream.on("end", () => {
          void PostalMime.parse(Buffer.concat(chunks)).then((letter) => {
            this.letters.push(letter);
            answer();
          });
        });
      },
    });
  }

  static async open(): Promise<PostOffice> {
    const office = new PostOffice();
    await once(office.#server.listen(0, "127.0.0.1"), "listening");
    return office;
  }

  get url(): string {
    const { port } = this.#server.server.address() as AddressInfo;
    return `smtp://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}
