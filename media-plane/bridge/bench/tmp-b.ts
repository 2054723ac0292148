Object.assign(globalThis, { laneVariant: true });
await import("./lane-relay.ts");
