/** TwiML read into verbs, with the warnings that Twilio's schema validation (12200) would give. twilio.com/docs/voice/twiml */
import { Fault } from "@struere/kernel";
import { type Element, parseXml } from "./xml.ts";

export type Method = "GET" | "POST";

export type StreamNoun = {
  readonly url: string;
  readonly name: string | null;
  readonly track: string | null;
  readonly statusCallback: string | null;
  readonly statusCallbackMethod: Method;
  readonly parameters: Readonly<Record<string, string>>;
};

export type Verb =
  | { readonly verb: "connect"; readonly action: string | null; readonly method: Method; readonly stream: StreamNoun }
  | { readonly verb: "say"; readonly text: string; readonly times: number }
  | { readonly verb: "play"; readonly url: string; readonly digits: string | null }
  | { readonly verb: "pause"; readonly ms: number }
  | { readonly verb: "redirect"; readonly url: string; readonly method: Method }
  | { readonly verb: "hangup" }
  | { readonly verb: "reject"; readonly reason: "rejected" | "busy" }
  | {
      readonly verb: "dial";
      readonly numbers: readonly string[];
      readonly callerId: string | null;
      readonly timeoutS: number;
      readonly action: string | null;
      readonly method: Method;
    }
  /** Part of TwiML, but not of this simulator: it is passed over and noted on the call. */
  | { readonly verb: "not-simulated"; readonly name: string };

export type Document = { readonly verbs: readonly Verb[]; readonly warnings: readonly string[] };

/** Verbs and nouns with the attributes that Twilio knows. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  Response: [],
  Connect: ["action", "method"],
  Stream: ["url", "name", "track", "statusCallback", "statusCallbackMethod", "connectorName"],
  Parameter: ["name", "value"],
  Say: ["voice", "language", "loop"],
  Play: ["loop", "digits"],
  Pause: ["length"],
  Redirect: ["method"],
  Hangup: [],
  Reject: ["reason"],
  Dial: [
    ..."action method timeout callerId hangupOnStar timeLimit record trim answerOnBridge ringTone recordingStatusCallback".split(" "),
    ..."recordingStatusCallbackMethod recordingStatusCallbackEvent recordingTrack sequential".split(" "),
  ],
  Number: ["sendDigits", "url", "method", "statusCallback", "statusCallbackMethod", "statusCallbackEvent", "byoc"],
};
const NOT_SIMULATED: ReadonlySet<string> = new Set(
  "Start Stop Gather Record Enqueue Leave Pay Prompt Refer Sms Siprec Queue Conference Recording Transcription".split(" "),
);

/**
 * Reads a document. Unknown elements and attributes become warnings and are passed over.
 * @throws Fault invalid_argument when it is not XML or its root is not Response: Twilio's 12100.
 */
export function parseTwiml(source: string): Document {
  const root = parseXml(source);
  if (root.name !== "Response") throw new Fault("invalid_argument", `the root element is <${root.name}>; it must be <Response>`);
  const warnings: string[] = [];
  checkAttributes(root, warnings);
  if (root.text !== "") warnings.push("text stands directly inside <Response>");
  const verbs = root.children.flatMap((element) => readVerb(element, warnings));
  return { verbs, warnings };
}

function readVerb(element: Element, warnings: string[]): readonly Verb[] {
  const { name, attributes, text } = element;
  if (NOT_SIMULATED.has(name)) return [{ verb: "not-simulated", name }];
  checkAttributes(element, warnings);
  switch (name) {
    case "Connect":
      return readConnect(element, warnings);
    case "Say":
      return [{ verb: "say", text, times: count(attributes["loop"], 1) }];
    case "Play":
      return [{ verb: "play", url: text, digits: attributes["digits"] ?? null }];
    case "Pause":
      return [{ verb: "pause", ms: count(attributes["length"], 1) * 1000 }];
    case "Redirect":
      return [{ verb: "redirect", url: text, method: method(attributes["method"]) }];
    case "Hangup":
      return [{ verb: "hangup" }];
    case "Reject":
      return [{ verb: "reject", reason: attributes["reason"] === "busy" ? "busy" : "rejected" }];
    case "Dial": {
      const numbers = element.children.filter((child) => child.name === "Number");
      for (const number of numbers) checkAttributes(number, warnings);
      return [
        {
          verb: "dial",
          numbers: numbers.length > 0 ? numbers.map((number) => number.text) : text === "" ? [] : [text],
          callerId: attributes["callerId"] ?? null,
          timeoutS: count(attributes["timeout"], 30),
          action: attributes["action"] ?? null,
          method: method(attributes["method"]),
        },
      ];
    }
    default:
      return [];
  }
}

function readConnect(element: Element, warnings: string[]): readonly Verb[] {
  const [noun, ...more] = element.children;
  if (noun === undefined || noun.name !== "Stream") {
    warnings.push(`<Connect> holds ${noun === undefined ? "nothing" : `<${noun.name}>`}; only <Stream> is simulated`);
    return [];
  }
  if (more.length > 0) warnings.push(`<Connect> holds ${more.length + 1} nouns; the first is taken`);
  checkAttributes(noun, warnings);
  const parameters: Record<string, string> = {};
  for (const child of noun.children) {
    checkAttributes(child, warnings);
    const name = child.attributes["name"] ?? "";
    const value = child.attributes["value"] ?? "";
    if (child.name !== "Parameter" || name === "") warnings.push(`<Stream> holds <${child.name}>; it takes <Parameter name value>`);
    else if (name.length + value.length >= 500)
      warnings.push(`<Parameter name="${name}"> is ${name.length + value.length} characters; under 500 are kept`);
    else parameters[name] = value;
  }
  const stream: StreamNoun = {
    url: noun.attributes["url"] ?? "",
    name: noun.attributes["name"] ?? null,
    track: noun.attributes["track"] ?? null,
    statusCallback: noun.attributes["statusCallback"] ?? null,
    statusCallbackMethod: method(noun.attributes["statusCallbackMethod"]),
    parameters,
  };
  return [{ verb: "connect", action: element.attributes["action"] ?? null, method: method(element.attributes["method"]), stream }];
}

function checkAttributes(element: Element, warnings: string[]): void {
  const known = ATTRIBUTES[element.name];
  if (known === undefined) {
    warnings.push(`<${element.name}> is not TwiML`);
    return;
  }
  for (const attribute of Object.keys(element.attributes)) {
    if (!known.includes(attribute)) warnings.push(`<${element.name}> has no attribute ${attribute}`);
  }
}

function method(text: string | undefined): Method {
  return text?.toUpperCase() === "GET" ? "GET" : "POST";
}

function count(text: string | undefined, otherwise: number): number {
  const value = Number(text);
  return text !== undefined && Number.isInteger(value) && value >= 0 ? value : otherwise;
}
