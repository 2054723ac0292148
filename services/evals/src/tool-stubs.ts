/** What a suite says about the owner's HTTP tools, served on loopback: the platform calls it as it would call the owner's server. */
import { createServer } from "node:http";
import { type EvalSuite, isMcpServer } from "struere";
import { type Clock, Fault } from "@struere/kernel";
import { pause } from "@struere/runtime";
import type { EvalProject } from "./project.ts";

export interface ToolStubs extends AsyncDisposable {
  /** The project with its stubbed tools' addresses here. */
  applyTo(project: EvalProject, suite: EvalSuite): EvalProject;
}

export async function serveToolStubs(suites: readonly EvalSuite[], clock: Clock): Promise<ToolStubs> {
  const bySlug = new Map(suites.map((suite) => [suite.slug, suite]));
  const http = createServer((request, response) => {
    const [, slug = "", name = ""] = (request.url ?? "").split("/").map(decodeURIComponent);
    const stub = bySlug.get(slug)?.tools[name];
    request.resume();
    request.on("end", () => {
      void pause(clock, stub?.delayMs ?? 0).then(() => {
        response.writeHead(stub?.status ?? 404, { "content-type": "application/json" });
        response.end(JSON.stringify(stub?.returns ?? null));
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", (cause) => reject(new Fault("unavailable", "the stubs of tools can not listen on 127.0.0.1", { cause })));
    http.listen(0, "127.0.0.1", resolve);
  });
  const address = http.address();
  const origin = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return {
    applyTo: (project, suite) => ({
      ...project,
      tools: project.tools.map((tool) =>
        isMcpServer(tool) || suite.tools[tool.name] === undefined
          ? tool
          : { ...tool, url: `${origin}/${encodeURIComponent(suite.slug)}/${encodeURIComponent(tool.name)}` },
      ),
    }),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
