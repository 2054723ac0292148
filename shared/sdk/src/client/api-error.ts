/** A request that was answered with an error, or not at all. */
export class StruereApiError extends Error {
  override readonly name = "StruereApiError";
  /** HTTP status; 0: nobody answered. */
  readonly status: number;
  /** When the same request may be sent again, milliseconds since 1970: with status 429. */
  readonly retryAt: number | undefined;
  /** The body of the answer: parsed JSON, or its text. */
  readonly body: unknown;

  constructor(
    message: string,
    options: { readonly status: number; readonly body?: unknown; readonly retryAt?: number | undefined; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.body = options.body;
    this.retryAt = options.retryAt;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}
