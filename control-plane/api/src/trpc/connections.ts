import { Fault } from "@struere/kernel";
import { getConnection, getCredentialsInfo, listConnections } from "@struere/store";
import { z } from "zod";
import { audit } from "./audit.ts";
import { procedure, router } from "./init.ts";
import { id, NoInput, PhoneNumberInput } from "./input.ts";
import { findTarget } from "./target.ts";
import { showConnection, slugsOfTargets } from "./view.ts";

const Credentials = z.strictObject({
  accountSid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, { error: "is not a Twilio account SID: AC and 32 hexadecimal digits" }),
  authToken: z.string().min(1, { error: "is missing" }).max(256),
});

const Connect = z.strictObject({
  phoneNumber: PhoneNumberInput,
  /** Exactly one of both. */
  agent: z.exactOptional(z.string().max(64)),
  router: z.exactOptional(z.string().max(64)),
  label: z.exactOptional(z.string().trim().min(1).max(100)),
});

export const connectionsRouter = router({
  list: procedure("admin")
    .input(NoInput)
    .query(async ({ ctx }) => {
      const [connections, slugs] = [await listConnections(ctx.db, ctx.scope), await slugsOfTargets(ctx.db, ctx.scope)];
      return connections.map((connection) => showConnection(connection, slugs));
    }),

  get: procedure("admin")
    .input(z.strictObject({ id: id("conn") }))
    .query(async ({ ctx, input }) => {
      const connection = await getConnection(ctx.db, ctx.scope, input.id);
      if (!connection) throw new Fault("not_found", `there is no connection ${input.id} in ${ctx.scope.environment}`);
      return showConnection(connection, await slugsOfTargets(ctx.db, ctx.scope));
    }),

  credentials: router({
    /** Checked at Twilio before they are stored. The auth token never comes back. */
    set: procedure("admin")
      .input(Credentials)
      .mutation(async ({ ctx, input }) => {
        const info = await ctx.telephony.setCredentials(ctx.scope, input);
        await audit(ctx.db, ctx, { action: "credentials.set", subject: info.accountSid });
        return info;
      }),

    verify: procedure("admin")
      .input(NoInput)
      .mutation(async ({ ctx }) => await ctx.telephony.verifyCredentials(ctx.scope)),

    /** `null`: none are stored. */
    get: procedure("admin")
      .input(NoInput)
      .query(async ({ ctx }) => (await getCredentialsInfo(ctx.db, ctx.scope)) ?? null),
  }),

  /** Connects a number, or binds a connected one to another target. */
  connect: procedure("admin")
    .input(Connect)
    .mutation(async ({ ctx, input: { phoneNumber, agent, router: routerSlug, label = null } }) => {
      const target = await findTarget(ctx.db, ctx.scope, { agent, router: routerSlug });
      const connection = await ctx.telephony.connect(ctx.scope, { phoneNumber, target, label });
      await audit(ctx.db, ctx, {
        action: "connection.connected",
        subject: connection.id,
        detail: { phoneNumber, target: agent ?? routerSlug ?? null },
      });
      return showConnection(connection, await slugsOfTargets(ctx.db, ctx.scope));
    }),

  removePhone: procedure("admin")
    .input(z.strictObject({ phoneNumber: PhoneNumberInput }))
    .mutation(async ({ ctx, input }) => {
      const { connection, settings, problem } = await ctx.telephony.removePhone(ctx.scope, input.phoneNumber);
      await audit(ctx.db, ctx, { action: "connection.removed", subject: connection.id, detail: { phoneNumber: input.phoneNumber } });
      return { connection: showConnection(connection, await slugsOfTargets(ctx.db, ctx.scope)), settings, problem };
    }),

  /** Credentials and all numbers of the key's environment. */
  remove: procedure("admin")
    .input(NoInput)
    .mutation(async ({ ctx }) => {
      const { phones, credentialsRemoved } = await ctx.telephony.remove(ctx.scope);
      await audit(ctx.db, ctx, { action: "integration.removed", subject: "twilio", detail: { phones: phones.length } });
      const slugs = await slugsOfTargets(ctx.db, ctx.scope);
      return {
        phones: phones.map(({ connection, settings, problem }) => ({ connection: showConnection(connection, slugs), settings, problem })),
        credentialsRemoved,
      };
    }),

  status: procedure("admin")
    .input(NoInput)
    .query(async ({ ctx }) => {
      const [status, slugs] = [await ctx.telephony.status(ctx.scope), await slugsOfTargets(ctx.db, ctx.scope)];
      return {
        ...status,
        phones: status.phones.map(({ connection, pointsHere }) => ({ connection: showConnection(connection, slugs), pointsHere })),
      };
    }),
});
