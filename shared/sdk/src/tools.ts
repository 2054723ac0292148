import { z } from "zod";
import { BUILTIN_NAMESPACES, isBuiltinTool } from "./builtin-tools.ts";
import { type DataProperty, ToolParameters } from "./data-schema.ts";
import { list, pattern, strict, wholeNumber, words } from "./sentences.ts";
import { ToolName } from "./slug.ts";

const LEGAL_NAME =
  'a tool\'s name such as "book_table" or "orders.find": a-z first, then a-z, 0-9, words joined by . - or _, at most 64 characters';

/** The owner's own tools are called so; a dot counts twice, as everywhere. */
const OwnToolName = pattern(/^(?=.{1,64}$)[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*$/, LEGAL_NAME)
  .refine((name) => ToolName.safeParse(name).success, { error: "is too long; legal: at most 64 characters, a dot counting as two" })
  .refine((name) => !isBuiltinTool(name), {
    error: (issue) => `"${String(issue.input)}" is a tool of the platform; legal: any other name`,
  });

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const LEGAL_URL = "an https address without user and password (http only on this very machine, as http://localhost:3000/tool)";

const ToolUrl = z
  .string({ error: (issue) => (issue.input === undefined ? `is missing; legal: ${LEGAL_URL}` : `is not legal; legal: ${LEGAL_URL}`) })
  .max(2_000, { error: "is too long; legal: at most 2000 characters" })
  .refine(isToolUrl, { error: (issue) => `"${withoutCredentials(String(issue.input))}" is not legal; legal: ${LEGAL_URL}` });

function isToolUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
}

/** Whoever wrote a password into an address shall not find it in a log as well. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//…@").slice(0, 120);
}

/** The platform sets these itself, or they carry secrets, which a definition does not hold. */
const PLATFORM_HEADERS =
  /^(?:host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|idempotency-key|struere-.*)$/;
const SECRET_HEADERS = /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key)$/;
const NO_SECRETS = "secrets do not belong into a definition; every request is signed, check the signature instead";

const Headers = z
  .record(
    z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
    z
      .string({
        error: (issue) =>
          typeof issue.input === "object" && issue.input !== null && "secret" in issue.input
            ? `refers to a secret, which is not possible: ${NO_SECRETS}`
            : "is not legal; legal: text",
      })
      .regex(/^[\t\x20-\x7e]{0,1000}$/, { error: "is not legal; legal: text in ASCII on one line, at most 1000 characters" }),
    { error: "is not legal; legal: an object of header names (letters, digits, -) and texts" },
  )
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers)) {
      const lower = name.toLowerCase();
      const why = PLATFORM_HEADERS.test(lower)
        ? "is set by the platform"
        : SECRET_HEADERS.test(lower)
          ? `carries a secret: ${NO_SECRETS}`
          : undefined;
      if (why !== undefined) context.addIssue({ code: "custom", path: [name], message: `${why}; legal: other headers` });
    }
  });

const NO_HANDLER =
  "handler can not be used: the platform does not run your code. Serve it over HTTP and give its address as url; it is called with the arguments as JSON";

/** A tool that is a request to the owner's server: `POST url` with the arguments as JSON. */
export const HttpTool = strict(
  "a tool",
  {
    name: OwnToolName,
    /** The model decides by it. */
    description: words({ what: "what the tool does and when to use it", max: 2_000 }),
    parameters: ToolParameters,
    url: ToolUrl,
    timeoutMs: wholeNumber({ min: 100, max: 15_000, unit: "milliseconds" }).default(5_000),
    headers: z.exactOptional(Headers),
    /** Only for templates in prompts; no model sees it. */
    templateOnly: z.exactOptional(z.boolean({ error: "is not legal; legal: true or false" })),
  },
  { handler: NO_HANDLER },
);
export type HttpTool = z.output<typeof HttpTool>;

const ServerName = pattern(
  /^(?=.{1,32}$)[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/,
  'the server\'s name such as "crm": a-z, 0-9, words joined by - or _, at most 32',
).refine((name) => !BUILTIN_NAMESPACES.includes(name), {
  error: (issue) => `"${String(issue.input)}" is what tools of the platform begin with; legal: any other name`,
});

/** A server of tools (https://modelcontextprotocol.io); its tools are called `<name>.<tool>`. */
export const McpServer = strict("a server of tools", { mcp: strict("mcp", { name: ServerName, url: ToolUrl }) });
export type McpServer = z.output<typeof McpServer>;

const nameOf = (tool: HttpTool | McpServer): string => (isMcpServer(tool) ? tool.mcp.name : tool.name);

export function isMcpServer(tool: HttpTool | McpServer): tool is McpServer {
  return "mcp" in tool;
}

/** One or the other is seen from whether there is an `mcp`, so that each is told its own problems. */
const Tool = z.unknown().transform((value, context): HttpTool | McpServer => {
  const schema = typeof value === "object" && value !== null && "mcp" in value ? McpServer : HttpTool;
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  for (const { path, message } of error.issues) context.addIssue({ code: "custom", path: [...path], message });
  return z.NEVER;
});

/** The owner's own tools, all in `tools/index.ts`. */
export const ToolsDefinition = list(Tool, { what: "tools", min: 0, max: 100 }).superRefine((tools, context) => {
  const names = tools.map(nameOf);
  const servers = tools.filter(isMcpServer).map((tool) => tool.mcp.name);
  tools.forEach((tool, index) => {
    const path = isMcpServer(tool) ? [index, "mcp", "name"] : [index, "name"];
    const name = nameOf(tool);
    if (names.indexOf(name) !== index)
      context.addIssue({ code: "custom", path, message: `"${name}" is defined twice; legal: each name once` });
    const server = isMcpServer(tool) ? undefined : servers.find((one) => name.startsWith(`${one}.`));
    if (server !== undefined)
      context.addIssue({ code: "custom", path, message: `"${name}" would be a tool of the server "${server}"; legal: any other name` });
  });
});
export type ToolsDefinition = z.output<typeof ToolsDefinition>;

export interface HttpToolInput<Name extends string = string> {
  readonly name: Name;
  readonly description: string;
  readonly parameters: {
    readonly type: "object";
    readonly description?: string;
    readonly properties: { readonly [name: string]: DataProperty };
    readonly required?: readonly string[];
    readonly additionalProperties?: false;
  };
  readonly url: string;
  /** 100 to 15000; default 5000. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly templateOnly?: boolean;
}
export type ToolInput<Name extends string = string> = HttpToolInput<Name> | z.input<typeof McpServer>;
