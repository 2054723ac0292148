/** Every REST operation there is, with the schemas that check it: what the OpenAPI document is made of. */
import type { RequiredPermission } from "@struere/domain";
import { z } from "zod";
import { CreateBody, ListParams, OnePath, QueryBody, SearchBody, TypePath, UpdateBody } from "../data/data-input.ts";
import { CompilePromptBody } from "../templates/compile-prompt-route.ts";
import { VoiceConfigQuery, VoiceConfigShape } from "../voice-config/voice-config-shapes.ts";
import { InjectBody } from "../injections/inject-input.ts";
import {
  CallListQuery,
  CallMessageShape,
  CallPageShape,
  CallPath,
  CallRecordShape,
  HangupShape,
  InjectionShape,
  InjectionsShape,
  PlacedShape,
} from "./call-shapes.ts";
import { PlaceCallInput } from "../outbound/order.ts";
import { ChatAnswerShape, ChatBody, SlugChatBody, SlugPath } from "./chat-shapes.ts";

export interface ApiOperation {
  readonly id: string;
  readonly method: "get" | "post" | "patch" | "delete";
  /** As fastify writes it: `/v1/calls/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly permission: RequiredPermission;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status?: 200 | 201;
  readonly answer: z.ZodType;
  /** Default `application/json`. */
  readonly answerType?: "text/event-stream" | "audio/wav";
  /** Error codes beyond those that every operation may answer. */
  readonly errors?: readonly number[];
}

const Entity = z.object({
  id: z.string(),
  type: z.string(),
  status: z.string(),
  data: z.record(z.string(), z.unknown()),
  version: z.int(),
  createdAt: z.number().meta({ description: "Milliseconds since 1970." }),
  updatedAt: z.number(),
});
const EntityPage = z.object({ data: z.array(Entity), cursor: z.string().nullable(), hasMore: z.boolean() });
const EntityTypes = z.object({
  data: z.array(
    z.object({ slug: z.string(), name: z.string(), schema: z.record(z.string(), z.unknown()), searchFields: z.array(z.string()) }),
  ),
});

const CompiledPromptShape = z.object({
  agentSlug: z.string(),
  version: z.int(),
  rawPrompt: z.string().meta({ description: "As it was written." }),
  compiledPrompt: z.string(),
  problems: z.array(z.object({ name: z.string(), problem: z.string() })),
});

const CHAT_ERRORS = [404, 409, 429, 503, 504] as const;
const DATA_ERRORS = [404, 409, 429] as const;

export const OPERATIONS: readonly ApiOperation[] = [
  {
    id: "chat",
    method: "post",
    path: "/v1/chat",
    summary: "Write to an agent or to a router, and get the answer. Exactly one of agentSlug, agentId, routerSlug.",
    permission: "chat",
    body: ChatBody,
    answer: ChatAnswerShape,
    errors: CHAT_ERRORS,
  },
  {
    id: "chatWithAgent",
    method: "post",
    path: "/v1/agents/:slug/chat",
    summary: "Write to an agent, and get the answer.",
    permission: "chat",
    params: SlugPath,
    body: SlugChatBody,
    answer: ChatAnswerShape,
    errors: CHAT_ERRORS,
  },
  {
    id: "chatWithRouter",
    method: "post",
    path: "/v1/routers/:slug/chat",
    summary: "Write to a router: it chooses the agent that answers, anew for every message.",
    permission: "chat",
    params: SlugPath,
    body: SlugChatBody,
    answer: ChatAnswerShape,
    errors: CHAT_ERRORS,
  },
  {
    id: "listCalls",
    method: "get",
    path: "/v1/calls",
    summary: "Calls, newest first.",
    permission: "calls",
    query: CallListQuery,
    answer: CallPageShape,
  },
  {
    id: "getCall",
    method: "get",
    path: "/v1/calls/:id",
    summary: "The whole record of a call: what was said, what happened, what it used.",
    permission: "calls",
    params: CallPath,
    answer: CallRecordShape,
    errors: [404],
  },
  {
    id: "getRecording",
    method: "get",
    path: "/v1/calls/:id/recording",
    summary:
      "The call as sound: WAV in stereo, the caller left, the agent as it was heard right. The header struere-missing-parts says how many parts of ten seconds are silence because they were lost.",
    permission: "calls",
    params: CallPath,
    answer: z.string().meta({ format: "binary" }),
    answerType: "audio/wav",
    errors: [404],
  },
  {
    id: "placeCall",
    method: "post",
    path: "/v1/calls",
    summary:
      "Have a person called. Answers when Twilio has taken the call. With a header Idempotency-Key the same request may be sent again: it is the same call.",
    permission: "calls",
    body: PlaceCallInput,
    status: 201,
    answer: PlacedShape,
    errors: [404, 409, 429, 503],
  },
  {
    id: "hangUpCall",
    method: "post",
    path: "/v1/calls/:id/hangup",
    summary: "End a call that rings or is going on.",
    permission: "calls",
    params: CallPath,
    answer: HangupShape,
    errors: [404],
  },
  {
    id: "watchCall",
    method: "get",
    path: "/v1/calls/:id/events",
    summary:
      "What a call says, as it is recorded: server-sent events whose data is one message each, from the beginning or from after Last-Event-ID. After the last one comes an event `end`.",
    permission: "calls",
    params: CallPath,
    query: z.object({ lastEventId: z.exactOptional(z.string()) }),
    answer: CallMessageShape,
    answerType: "text/event-stream",
    errors: [404],
  },
  {
    id: "listInjections",
    method: "get",
    path: "/v1/calls/:id/injections",
    summary: "What auditors, people and services wanted said in a call, and what became of it.",
    permission: "calls",
    params: CallPath,
    answer: InjectionsShape,
    errors: [404],
  },
  {
    id: "inject",
    method: "post",
    path: "/v1/calls/:id/inject",
    summary:
      "Have the agent of a running call say something. A correction and a complete wait for the end of a turn, an abort for nothing; after a complete or an abort the call ends. Answers at once, or with the receipt if that comes within waitMs.",
    permission: "calls",
    params: CallPath,
    body: InjectBody,
    answer: InjectionShape,
    errors: [404, 409, 429],
  },
  {
    id: "listEntityTypes",
    method: "get",
    path: "/v1/entity-types",
    summary: "The entity types of the environment.",
    permission: "data",
    answer: EntityTypes,
    errors: [429],
  },
  {
    id: "listEntities",
    method: "get",
    path: "/v1/data/:type",
    summary: "Entities of one type.",
    permission: "data",
    params: TypePath,
    query: ListParams,
    answer: EntityPage,
    errors: DATA_ERRORS,
  },
  {
    id: "createEntity",
    method: "post",
    path: "/v1/data/:type",
    summary: "Create an entity.",
    permission: "data",
    params: TypePath,
    body: CreateBody,
    status: 201,
    answer: Entity,
    errors: DATA_ERRORS,
  },
  {
    id: "queryEntities",
    method: "post",
    path: "/v1/data/:type/query",
    summary: "Entities for which all filters hold.",
    permission: "data",
    params: TypePath,
    body: QueryBody,
    answer: EntityPage,
    errors: DATA_ERRORS,
  },
  {
    id: "searchEntities",
    method: "post",
    path: "/v1/data/:type/search",
    summary: "Entities whose search fields contain the words.",
    permission: "data",
    params: TypePath,
    body: SearchBody,
    answer: z.object({ data: z.array(Entity) }),
    errors: DATA_ERRORS,
  },
  {
    id: "getEntity",
    method: "get",
    path: "/v1/data/:type/:id",
    summary: "One entity.",
    permission: "data",
    params: OnePath,
    answer: Entity,
    errors: DATA_ERRORS,
  },
  {
    id: "updateEntity",
    method: "patch",
    path: "/v1/data/:type/:id",
    summary: "Lay fields over an entity's; null removes one.",
    permission: "data",
    params: OnePath,
    body: UpdateBody,
    answer: Entity,
    errors: DATA_ERRORS,
  },
  {
    id: "deleteEntity",
    method: "delete",
    path: "/v1/data/:type/:id",
    summary: "Delete an entity: it is never found again.",
    permission: "data",
    params: OnePath,
    answer: z.object({ success: z.literal(true) }),
    errors: DATA_ERRORS,
  },
  {
    id: "compilePrompt",
    method: "post",
    path: "/v1/compile-prompt",
    summary: "What an agent would be told: its prompt with the templates filled in, and every problem in words.",
    permission: "sync",
    body: CompilePromptBody,
    answer: CompiledPromptShape,
    errors: [404, 429],
  },
  {
    id: "voiceConfig",
    method: "get",
    path: "/v1/voice/config",
    summary:
      "Who would answer a number now, and how it would sound. 404: no such number is connected; 409: an agent, router or auditor that it names is gone.",
    permission: "calls",
    query: VoiceConfigQuery,
    answer: VoiceConfigShape,
    errors: [404, 409, 429],
  },
];
