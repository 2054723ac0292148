/**
 * The tools that every agent may name in its definition: what they are called, what they take, and where they exist. Organization and
 * environment are in none of the schemas: they are the conversation's, whatever a model asks for.
 */
import type { StringFormat } from "./entity-type.ts";
import { DIGITS_MAX } from "./tool-phone.ts";

export interface ToolDefinition {
  /** As the owner writes it. */
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments, as JSON text. */
  readonly parametersJson: string;
}

/** The part of JSON schema that tools are written in. An object without `properties` is free: whoever runs the tool reads it. */
export interface ToolProperty {
  readonly type: "string" | "number" | "integer" | "boolean" | "array" | "object";
  readonly description?: string | undefined;
  readonly format?: StringFormat | undefined;
  readonly enum?: readonly (string | number)[] | undefined;
  readonly items?: ToolProperty | undefined;
  readonly properties?: { readonly [name: string]: ToolProperty } | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: boolean | undefined;
}

export interface ToolParameters extends ToolProperty {
  readonly type: "object";
  readonly properties: { readonly [name: string]: ToolProperty };
}

/** `any`: in writing and on the phone. `call`: only where there is a line. */
type Place = "any" | "call";

export interface BuiltinTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: ToolParameters;
  readonly place: Place;
}

const text = (description: string): ToolProperty => ({ type: "string", description });

const parameters = (properties: ToolParameters["properties"], required: readonly string[]): ToolParameters => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const TYPE = text('Slug of the entity type, such as "order".');
const ID = text("The entity's id, beginning with ent_. Take it from a result; never make one up.");
const STATUS = text('The entity\'s status, such as "active".');

export const BUILTIN_TOOLS: readonly BuiltinTool[] = [
  {
    name: "entity.query",
    place: "any",
    description:
      "Finds stored entities of one type. Use it to look things up before you answer or change anything. Answers at most `limit` entities, newest first.",
    parameters: parameters(
      {
        type: TYPE,
        filters: {
          type: "object",
          description:
            'Conditions by field, all of which must hold: {"plan": "pro"}, or with an operator {"age": {"_op_gte": 18}}. Operators: _op_in, _op_nin, _op_ne, _op_gt, _op_gte, _op_lt, _op_lte; or $eq, $ne, $in, $nin, $contains, $gt, $gte, $lt, $lte, $exists.',
        },
        status: STATUS,
        limit: { type: "integer", description: "1 to 100; 50 when left out." },
      },
      ["type"],
    ),
  },
  {
    name: "entity.get",
    place: "any",
    description: "Reads one stored entity by its id.",
    parameters: parameters({ id: ID, type: TYPE }, ["id"]),
  },
  {
    name: "entity.create",
    place: "any",
    description: "Stores a new entity, and answers its id. Use it once all required fields are known.",
    parameters: parameters({ type: TYPE, data: { type: "object", description: "The entity's fields." }, status: STATUS }, ["type", "data"]),
  },
  {
    name: "entity.update",
    place: "any",
    description: "Changes fields of a stored entity. Fields that are not named stay as they are; null removes one.",
    parameters: parameters(
      { id: ID, data: { type: "object", description: "The fields to change, with their new values." }, status: STATUS, type: TYPE },
      ["id", "data"],
    ),
  },
  {
    name: "entity.delete",
    place: "any",
    description: "Deletes a stored entity. Only when the person has clearly asked for it.",
    parameters: parameters({ id: ID, type: TYPE }, ["id"]),
  },
  {
    name: "agent.chat",
    place: "any",
    description:
      "Asks another agent, which knows or may do other things than you, and answers what it says. It does not see this conversation.",
    parameters: parameters(
      {
        agent: text("Slug of the agent to ask."),
        message: text("The question, with everything that the other agent needs to know."),
        context: { type: "object", description: "Facts that go with the question." },
      },
      ["agent", "message"],
    ),
  },
  {
    name: "router.transfer",
    place: "any",
    description:
      "Hands the conversation over to another agent, for good. Use it when what the person wants is that agent's task. Say nothing afterwards: the other agent goes on.",
    parameters: parameters({ agent: text("Slug of the agent that takes over."), reason: text("Why, in a few words, for the record.") }, [
      "agent",
    ]),
  },
  {
    name: "voice.call",
    place: "any",
    description:
      "Calls a person on the phone. Another agent speaks with them; you do not hear the call. Answers as soon as the phone is about to ring, with the call's id; call each person once.",
    parameters: parameters(
      {
        phoneNumber: text("Whom to call, in E.164 form such as +14155550100."),
        routerSlug: text("Slug of the router whose agents speak. Give agentSlug or routerSlug, never both."),
        agentSlug: text("Slug of the agent that speaks. Give agentSlug or routerSlug, never both."),
        entityType: text("Slug of the entity type that the call shall fill."),
        entityId: text("Id of the entity that the call shall update."),
        metadata: {
          type: "object",
          description: "Everything that the agent on the phone has to know, by name. It knows nothing of this conversation.",
        },
      },
      ["phoneNumber"],
    ),
  },
  {
    name: "voice.inject",
    place: "any",
    description:
      "Puts a message into the running phone call that you audit: the agent on the phone says it, in its own voice and words, at the next pause. Use `correction` when something wrong was said or noted and the caller has not put it right already; `complete` when everything that the call is for is done: the message is the last thing that is said, then the call ends; `abort` when the call must stop at once. Say only what matters now; the caller hears every message.",
    parameters: parameters(
      {
        message: text("What the agent on the phone shall say, in one or two plain sentences, as if to the caller."),
        action: {
          type: "string",
          enum: ["correction", "complete", "abort"],
          description: "What the message is for.",
        },
        field: text(
          "Of a correction: the name of the field that it is about. A newer correction of a field replaces one that still waits.",
        ),
        value: text(
          'Of a correction: what is right, as a person would say it ("14th of March"). If the caller says it before the correction is spoken, the correction is left out.',
        ),
      },
      ["message", "action"],
    ),
  },
  {
    name: "call.end",
    place: "call",
    description:
      "Ends the phone call. Use it when the conversation is finished or the caller wants to go. Say goodbye first: what you have said is played to its end before the line is cut.",
    parameters: parameters({ reason: text("Why the call ends, in a few words, for the record.") }, []),
  },
  {
    name: "call.transfer",
    place: "call",
    description:
      "Connects the caller with a person on another phone number, and ends your part in the call. Only numbers that your instructions name. Say that you are connecting them before you use it.",
    parameters: parameters(
      {
        phoneNumber: text("The number exactly as your instructions name it, such as +14155550100."),
        reason: text("Why, in a few words, for the record."),
      },
      ["phoneNumber"],
    ),
  },
  {
    name: "call.sendDigits",
    place: "call",
    description: "Sends key tones into the call, as if keys of the phone were pressed: for menus that ask for a number.",
    parameters: parameters({ digits: text(`0-9, * and #; w waits half a second. At most ${DIGITS_MAX}.`) }, ["digits"]),
  },
];

export const BUILTIN_TOOL_NAMES: readonly string[] = BUILTIN_TOOLS.map((tool) => tool.name);

/** Begin with what only built-in tools begin with; no tool of an owner is called so. */
export function findBuiltinTool(name: string): BuiltinTool | undefined {
  return BUILTIN_TOOLS.find((tool) => tool.name === name);
}

export function builtinTool(name: string): ToolDefinition | undefined {
  const tool = findBuiltinTool(name);
  return tool && definitionOf(tool);
}

/** Where a tool is offered. */
export interface OfferedWhere {
  readonly channel: "call" | "text";
  /** Slugs of the router's other agents; empty: there is no router, and nobody to transfer to. */
  readonly colleagues: readonly { readonly slug: string; readonly description?: string | undefined }[];
  /** Whom `voice.call` can have speak; only looked at for agents that have it. */
  readonly callable?: { readonly agents: readonly Speaker[]; readonly routers: readonly Speaker[] } | undefined;
}

interface Speaker {
  readonly slug: string;
  readonly description?: string | null | undefined;
}

/** As the model is offered it; `null`: it does not exist here. `undefined`: there is no such tool at all. */
export function offeredBuiltin(name: string, where: OfferedWhere): ToolDefinition | null | undefined {
  const tool = findBuiltinTool(name);
  if (!tool) return undefined;
  if (tool.place === "call" && where.channel !== "call") return null;
  if (name === "voice.call") return offeredCall(tool, where.callable);
  if (name !== "router.transfer") return definitionOf(tool);
  if (where.colleagues.length === 0) return null;
  const who = where.colleagues.map(({ slug, description }) => (description ? `${slug}: ${description}` : slug)).join("; ");
  const agent: ToolProperty = {
    type: "string",
    enum: where.colleagues.map((one) => one.slug),
    description: `The agent that takes over. ${who}`,
  };
  return definitionOf({ ...tool, parameters: { ...tool.parameters, properties: { ...tool.parameters.properties, agent } } });
}

/** So many slugs are listed; with more there are none in the schema, and a wrong one is answered with the legal ones. */
const LISTED_MAX = 100;

/** The slugs that there are are the only legal ones, so that no model can invent or leave out who speaks. `null`: there is nobody. */
function offeredCall(tool: BuiltinTool, callable: OfferedWhere["callable"]): ToolDefinition | null {
  if (!callable) return definitionOf(tool);
  const { agents, routers } = callable;
  if (agents.length === 0 && routers.length === 0) return null;
  const { agentSlug, routerSlug, ...rest } = tool.parameters.properties;
  const properties = {
    ...rest,
    ...(agentSlug && agents.length > 0 ? { agentSlug: oneOf(agentSlug, agents) } : {}),
    ...(routerSlug && routers.length > 0 ? { routerSlug: oneOf(routerSlug, routers) } : {}),
  };
  // With both, one of them is required, which this part of JSON schema can not say; the tool does.
  const speaker = routers.length === 0 ? ["agentSlug"] : agents.length === 0 ? ["routerSlug"] : [];
  return definitionOf({
    ...tool,
    parameters: { ...tool.parameters, properties, required: [...(tool.parameters.required ?? []), ...speaker] },
  });
}

function oneOf(property: ToolProperty, speakers: readonly Speaker[]): ToolProperty {
  if (speakers.length > LISTED_MAX) return property;
  const who = speakers.flatMap(({ slug, description }) => (description ? [`${slug}: ${description}`] : [])).join("; ");
  return { ...property, enum: speakers.map((one) => one.slug), description: `${property.description ?? ""}${who === "" ? "" : ` ${who}`}` };
}

function definitionOf({ name, description, parameters: schema }: BuiltinTool): ToolDefinition {
  return { name, description, parametersJson: JSON.stringify(schema) };
}
