/** Time as a port, so that everything that waits can be driven by a test. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; differences mean something, the value does not. */
  now(): number;
  /** Milliseconds since the Unix epoch. Only for records and for vendors; never for measuring. */
  wall(): number;
  /** Calls `wake` once, when `now()` has reached `at`. The returned function calls it off. */
  arm(at: number, wake: () => void): () => void;
}
