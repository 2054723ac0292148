import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Suffixes decide where a test runs: what needs no server, Postgres, nats-server, the whole world, the repository's rules. */
const PG = "**/test/**/*.pg.test.ts";
const NATS = "**/test/**/*.nats.test.ts";
const WORLD = "services/local/test/**/*.world.test.ts";
const TIDY = "shared/testkit/test/tidy.test.ts";
const EXCLUDED = ["**/node_modules/**", "**/.struere/**"];

const servers = "./shared/testkit/src/global-setup.ts";

/**
 * Begun first in their project, so that what takes longest is not left over for one worker at the end: a clone that has run no test yet goes by the
 * size of files, which says nothing of those that start processes.
 */
const LONG = /(?:kills|processes|one-process)\.world\.test\.ts$/;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const inOrder = Map.groupBy(await super.sort(files), ({ project }) => project);
    const isLong = ({ moduleId }: TestSpecification): number => (LONG.test(moduleId) ? 0 : 1);
    return [...inOrder.values()].flatMap((own) => own.toSorted((a, b) => isLong(a) - isLong(b)));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // One more than the two cores of a small machine: tests wait for more than a third of their time. All of them also pass with three workers
    // where something else takes half of both cores.
    maxWorkers: 3,
    pool: "forks",
    // A forgotten `.only` or an empty project must not look like success.
    allowOnly: false,
    passWithNoTests: false,
    unstubGlobals: true,
    testTimeout: 15_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // A fresh module graph for each file costs 0.3 s, and more than a second where it is the whole system; nothing here keeps state in modules.
    isolate: false,
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["**/test/**/*.test.ts"], exclude: [...EXCLUDED, PG, NATS, WORLD, TIDY] },
      },
      { extends: true, test: { name: "pg", include: [PG], exclude: EXCLUDED, globalSetup: servers } },
      { extends: true, test: { name: "nats", include: [NATS], exclude: EXCLUDED, globalSetup: servers } },
      { extends: true, test: { name: "world", include: [WORLD], exclude: EXCLUDED, globalSetup: servers, testTimeout: 60_000 } },
      { extends: true, test: { name: "tidy", include: [TIDY], exclude: EXCLUDED, testTimeout: 60_000 } },
    ],
  },
});
