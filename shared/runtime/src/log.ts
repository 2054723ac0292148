import pino from "pino";
import { redact, redactText } from "./redact.ts";

/** Structured log: `log.info({ callId }, "call claimed")`. Levels: trace, debug, info, warn, error, fatal. */
export type Log = pino.Logger;

export interface LogOptions {
  readonly name: string;
  /** Lowest level that is written; default `info`. */
  readonly level?: string;
  /** Where the JSON lines go; default standard output. */
  readonly stream?: { write(line: string): void };
}

const INFO = pino.levels.values["info"] ?? 30;

/** A log that never prints a secret, and no phone number at info and above, wherever in the arguments they stand. */
export function createLog(options: LogOptions): Log {
  const settings: pino.LoggerOptions = {
    name: options.name,
    level: options.level ?? "info",
    base: { name: options.name },
    formatters: {
      level: (label) => ({ level: label }),
    },
    hooks: {
      logMethod(args, method, level) {
        Reflect.apply(method, this, redactArguments(args, level >= INFO));
      },
    },
  };
  return withSafeChildren(options.stream ? pino(settings, options.stream) : pino(settings));
}

/** The bindings of a child stand in its lines of every level. Children inherit this from their parent. */
function withSafeChildren(log: Log): Log {
  const { child } = log;
  const safely: Log["child"] = function (this: unknown, bindings, options) {
    return Reflect.apply(child, this, [redact(bindings, { phones: true }), options]);
  };
  return Object.assign(log, { child: safely });
}

function redactArguments(args: readonly unknown[], phones: boolean): unknown[] {
  const [first, ...rest] = args;
  if (!(first instanceof Error)) return args.map((argument) => redact(argument, { phones }));
  const message = rest.length > 0 ? rest.map((argument) => redact(argument, { phones })) : [redactText(first.message, { phones })];
  return [{ err: redact(first, { phones }) }, ...message];
}

/** For those who need no log. */
export const silentLog: Log = pino({ level: "silent" }, { write() {} });
