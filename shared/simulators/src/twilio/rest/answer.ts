/** What the REST API answers, and its error bodies (twilio.com/docs/usage/twilios-response, twilio.com/docs/api/errors). */

export type RestAnswer = { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

export type RestRequest = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
};

export function found(body: unknown): RestAnswer {
  return { status: 200, body };
}

export function problem(status: number, code: number, message: string): RestAnswer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

export function notFound(path: string): RestAnswer {
  return problem(404, 20404, `The requested resource ${path} was not found`);
}

/** A page of a list in the envelope of the 2010-04-01 API. `uri` is the list's path; `query` is kept in the pages' URIs. */
export function page(name: string, rows: readonly unknown[], request: RestRequest): RestAnswer {
  const size = clamp(request.query.get("PageSize"), 50, 1, 1000);
  const number = clamp(request.query.get("Page"), 0, 0, Number.MAX_SAFE_INTEGER);
  const start = number * size;
  const shown = rows.slice(start, start + size);
  const uri = (at: number): string => {
    const query = new URLSearchParams(request.query);
    query.set("PageSize", String(size));
    query.set("Page", String(at));
    return `${request.path}?${query.toString()}`;
  };
  return found({
    [name]: shown,
    page: number,
    page_size: size,
    start,
    end: start + Math.max(0, shown.length - 1),
    uri: uri(number),
    first_page_uri: uri(0),
    next_page_uri: start + size < rows.length ? uri(number + 1) : null,
    previous_page_uri: number > 0 ? uri(number - 1) : null,
  });
}

function clamp(text: string | null, otherwise: number, min: number, max: number): number {
  const value = Number(text ?? otherwise);
  return Number.isInteger(value) ? Math.min(max, Math.max(min, value)) : otherwise;
}
