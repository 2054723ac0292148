/**
 * Where public names lead. In life DNS and a proxy take `https://voice.example.com` to a process; here a table does, so that everything
 * that is signed and said carries the public URL while the connection goes to loopback.
 */
export class Origins {
  readonly #localOf: ReadonlyMap<string, string>;

  /** @param table public origin to local origin, as `{ "wss://media.example.com": "ws://127.0.0.1:4100" }`; no trailing slashes. */
  constructor(table: Readonly<Record<string, string>>) {
    this.#localOf = new Map(Object.entries(table));
  }

  /** The URL to connect to for a URL as configured; unchanged when the table does not name its origin. */
  connectTo(url: string): string {
    const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(url)?.[0];
    const local = origin === undefined ? undefined : this.#localOf.get(origin.replace(/\/\/[^@]*@/, "//"));
    return origin === undefined || local === undefined ? url : local + url.slice(origin.length);
  }

  /** Whether Twilio would open a stream there: `wss`, or a loopback address, which only a simulator can reach. */
  allowsStream(url: string): boolean {
    return /^wss:\/\//i.test(url) || /^ws:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/i.test(url);
  }
}
