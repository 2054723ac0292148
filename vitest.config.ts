import { defineConfig } from "vitest/config";

/** Suffixes decide where a test runs: what needs no server, Postgres, nats-server, the whole world, the repository's rules. */
const PG = "**/test/**/*.pg.test.ts";
const NATS = "**/test/**/*.nats.test.ts";
const WORLD = "services/local/test/**/*.world.test.ts";
const TIDY = "shared/testkit/test/tidy.test.ts";
const EXCLUDED = ["**/node_modules/**", "**/.struere/**"];

const servers = "./shared/testkit/src/global-setup.ts";

export default defineConfig({
  test: {
    // Two cores are what a small machine has; more workers than cores make waits on facts time out.
    maxWorkers: 2,
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
