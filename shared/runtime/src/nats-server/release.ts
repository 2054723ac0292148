/** The one release that is downloaded when nothing nearer is found, and what its archives must hash to. */

/** Checksums as in the images that the project itself publishes: github.com/nats-io/nats-docker, 2.10.x/alpine3.22/Dockerfile. */
export const RELEASE = {
  version: "2.10.29",
  url: (archive: string): string => `https://github.com/nats-io/nats-server/releases/download/v2.10.29/${archive}.tar.gz`,
  archives: {
    "linux-x64": { name: "nats-server-v2.10.29-linux-amd64", sha256: "e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da" },
    "linux-arm64": { name: "nats-server-v2.10.29-linux-arm64", sha256: "da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401" },
  } as { readonly [platform: string]: { readonly name: string; readonly sha256: string } | undefined },
} as const;
