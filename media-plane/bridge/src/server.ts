/**
 * The door for Twilio's media streams: what is not allowed in is refused as HTTP, before anything is allocated for it; what is let in has
 * a few seconds to say which call it is. A refused upgrade makes Twilio go on with the next verb of the call's TwiML
 * (https://www.twilio.com/docs/api/errors/31920).
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "@struere/kernel";
import { validUpgradeSignature } from "@struere/protocol/twilio";
import type { Admission, DoorLimits, Refusal } from "./admission.ts";
import type { Events, UpgradeRefusal } from "./events.ts";
import { awaitStart, type Start } from "./telephony/threshold.ts";
import { type LaneSocket, laneAcceptor } from "./wire/index.ts";

export const MEDIA_PATH = "/media";

export interface DoorOptions {
  readonly clock: Clock;
  readonly limits: DoorLimits;
  readonly admission: Admission;
  readonly events: Events;
  /** The public URL that upgrades are signed for. Never put together from headers. */
  readonly upgradeUrl: string;
  /** `null`: only the control plane can check signatures, and does so when the call is claimed. */
  readonly twilioAuthToken: string | null;
  /** A call begins. `socket` has to be started again within this call. */
  readonly started: (call: { readonly socket: LaneSocket; readonly start: Start; readonly signature: string }) => void;
}

export interface Door {
  /** For the `upgrade` event of the HTTP server. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Ends the sockets that have not started a call. */
  close(): void;
}

const STATUS: { readonly [Reason in UpgradeRefusal]: string } = {
  wrong_path: "404 Not Found",
  wrong_method: "405 Method Not Allowed",
  too_many_headers: "431 Request Header Fields Too Large",
  no_signature: "403 Forbidden",
  wrong_signature: "403 Forbidden",
  draining: "503 Service Unavailable",
  capacity: "503 Service Unavailable",
  unstarted: "503 Service Unavailable",
  unstarted_per_address: "503 Service Unavailable",
};

/** Base64 of a SHA-1 (https://www.twilio.com/docs/usage/security). */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;
const MOST_HEADERS = 100;
const GOING_AWAY = 1001;

export function createDoor(options: DoorOptions): Door {
  const { clock, limits, admission, events, upgradeUrl, twilioAuthToken, started } = options;
  const acceptor = laneAcceptor({ clock, maxMessageBytes: limits.maxMessageBytes });
  const unstarted = new Set<LaneSocket>();

  function refusalOf(request: IncomingMessage, signature: string): Exclude<UpgradeRefusal, Refusal> | null {
    if (request.url !== MEDIA_PATH) return "wrong_path";
    if (request.method !== "GET") return "wrong_method";
    if (request.rawHeaders.length > MOST_HEADERS * 2) return "too_many_headers";
    if (!SIGNATURE.test(signature)) return "no_signature";
    if (twilioAuthToken !== null && !validUpgradeSignature({ authToken: twilioAuthToken, signature, url: upgradeUrl }))
      return "wrong_signature";
    return null;
  }

  function welcome(socket: LaneSocket, address: string, signature: string): void {
    unstarted.add(socket);
    const leave = (): void => {
      unstarted.delete(socket);
      admission.left(address);
    };
    awaitStart({
      socket,
      clock,
      limits,
      started: (start) => {
        leave();
        started({ socket, start, signature });
      },
      ended: (why, code) => {
        leave();
        if (why === "gone") events.leftBeforeStart();
        else events.socketClosed(why, code);
      },
    });
  }

  return {
    upgrade: (request, socket, head) => {
      // The peer may vanish at any moment; whoever works with the socket learns it from its `close`.
      socket.on("error", () => socket.destroy());
      const header = request.headers["x-twilio-signature"];
      const signature = typeof header === "string" ? header : "";
      const address = request.socket.remoteAddress ?? "";
      const refusal = refusalOf(request, signature) ?? admission.enter(address);
      if (refusal !== null) {
        events.upgradeRefused(refusal);
        socket.end(`HTTP/1.1 ${STATUS[refusal]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      let accepted = false;
      acceptor.accept(request, socket, head, (laneSocket) => {
        accepted = true;
        welcome(laneSocket, address, signature);
      });
      if (!accepted) admission.left(address);
    },
    close: () => {
      for (const socket of unstarted) socket.close(GOING_AWAY);
    },
  };
}
