/**
 * Who may come in: sockets that have not started a call are few, also from one address, and calls are as many as the node can carry.
 * All of it is counted before anything is allocated for a socket.
 */
export interface DoorLimits {
  /** Sockets that were upgraded and have not sent a valid `start`. Refused beyond: 503. */
  readonly unstarted: number;
  /**
   * The same, from one address. Twilio's media servers are many, but behind a proxy all streams come from one address, so the usual value
   * takes a burst of 200 calls in one second. Lower it where clients reach the node directly.
   */
  readonly unstartedPerAddress: number;
  /** From the upgrade to a valid `start`. */
  readonly startWithinMs: number;
  /** Bytes of one message. Twilio's frames have about 400. */
  readonly maxMessageBytes: number;
  /** Messages that can not be understood, per call. One more closes the socket: 1007. */
  readonly malformed: number;
}

export const DOOR_LIMITS: DoorLimits = {
  unstarted: 400,
  unstartedPerAddress: 250,
  startWithinMs: 5_000,
  maxMessageBytes: 64 * 1024,
  malformed: 10,
};

export type Refusal = "draining" | "capacity" | "unstarted" | "unstarted_per_address";

export interface Admission {
  /** Why a socket from `address` may not come in, or `null`: then it is counted until `left`. */
  enter(address: string): Refusal | null;
  /** The socket has started a call, or has gone. Once for each that entered. */
  left(address: string): void;
  readonly unstarted: number;
}

export interface AdmissionOptions {
  readonly limits: DoorLimits;
  readonly capacity: number;
  readonly calls: () => number;
  readonly draining: () => boolean;
}

export function createAdmission({ limits, capacity, calls, draining }: AdmissionOptions): Admission {
  const byAddress = new Map<string, number>();
  let unstarted = 0;
  return {
    enter: (address) => {
      const here = byAddress.get(address) ?? 0;
      if (draining()) return "draining";
      if (calls() + unstarted >= capacity) return "capacity";
      if (unstarted >= limits.unstarted) return "unstarted";
      if (here >= limits.unstartedPerAddress) return "unstarted_per_address";
      byAddress.set(address, here + 1);
      unstarted += 1;
      return null;
    },
    left: (address) => {
      const here = byAddress.get(address) ?? 1;
      if (here > 1) byAddress.set(address, here - 1);
      else byAddress.delete(address);
      unstarted -= 1;
    },
    get unstarted() {
      return unstarted;
    },
  };
}
