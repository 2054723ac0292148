/** What an `error` event says: code, sentence and the parameter at fault, in the vendor's words. */
export interface VendorProblem {
  readonly code: string;
  readonly message: string;
  readonly param?: string | null;
  /** Default: invalid_request_error. */
  readonly type?: string;
}
