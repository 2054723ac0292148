/** Every migration, in order. A migration that has been released is never edited; the next one corrects it. */
import type { Migration } from "kysely/migration";
import { up as firstCall } from "./0001-first-call.ts";
import { up as callWarnings } from "./0002-call-warnings.ts";
import { up as entities } from "./0003-entities.ts";
import { up as textThreads } from "./0004-text-threads.ts";
import { up as tools } from "./0005-tools.ts";
import { up as auditor } from "./0006-auditor.ts";
import { up as ledger } from "./0007-ledger.ts";
import { up as auditorTrial } from "./0008-auditor-trial.ts";
import { up as recordings } from "./0009-recordings.ts";
import { up as outbound } from "./0010-outbound.ts";
import { up as allowances } from "./0011-allowances.ts";
import { up as reconcile } from "./0012-reconcile.ts";
import { up as toolRunSweep } from "./0013-tool-run-sweep.ts";
import { up as shortLock } from "./0014-short-lock.ts";
import { up as unbilled } from "./0015-unbilled.ts";
import { up as textRequests } from "./0016-text-requests.ts";
import { up as findPosted } from "./0017-find-posted.ts";
import { up as textHolds } from "./0018-text-holds.ts";
import { up as transfersOnTheLine } from "./0019-transfers-on-the-line.ts";
import { up as rounds } from "./0020-rounds.ts";

export const MIGRATIONS: Record<string, Migration> = {
  "0001-first-call": { up: firstCall },
  "0002-call-warnings": { up: callWarnings },
  "0003-entities": { up: entities },
  "0004-text-threads": { up: textThreads },
  "0005-tools": { up: tools },
  "0006-auditor": { up: auditor },
  "0007-ledger": { up: ledger },
  "0008-auditor-trial": { up: auditorTrial },
  "0009-recordings": { up: recordings },
  "0010-outbound": { up: outbound },
  "0011-allowances": { up: allowances },
  "0012-reconcile": { up: reconcile },
  "0013-tool-run-sweep": { up: toolRunSweep },
  "0014-short-lock": { up: shortLock },
  "0015-unbilled": { up: unbilled },
  "0016-text-requests": { up: textRequests },
  "0017-find-posted": { up: findPosted },
  "0018-text-holds": { up: textHolds },
  "0019-transfers-on-the-line": { up: transfersOnTheLine },
  "0020-rounds": { up: rounds },
};
