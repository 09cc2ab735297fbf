import { once } from "node:events";
import type { AddressInfo } from "node:net";

import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";

/** A mail server that accepts every mail, except to the addresses that it rejects permanently. */
export class PostOffice {
  readonly letters: Email[] = [];
  /** The text of the 550 response, by address. */
  readonly refused = new Map<string, string>();
  readonly #server: SMTPServer;

  private constructor() {
    this.#server = new SMTPServer({
      disabledCommands: ["AUTH", "STARTTLS"],
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
    return `smtp://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}
