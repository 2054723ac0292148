/** A call as it goes on: what its phone hears, and what the control plane's `calls.watch` tells anybody who may see it. */
import { pause } from "@struere/runtime";
import type { PhoneCall } from "@struere/simulators";
import type { World } from "../world.ts";
import { happening, moment, say } from "./show.ts";

/** Until the call is over, or the answer is called. */
export function showLive(world: World, call: PhoneCall): () => void {
  const placedAt = world.clock.now();
  const stopFollowing = call.follow((event) => {
    const line = moment(event);
    if (line !== null) say(line);
  });
  let stopped = false;
  let stopWatching = (): void => undefined;
  void callIdOf(world, call).then((id) => {
    if (stopped || id === undefined) return;
    const watching = world.api.calls.watch.subscribe(
      { id },
      {
        onData: ({ data: { name, body } }) => {
          const line = happening(name ?? "", body["data"], world.clock.now() - placedAt);
          if (line !== null && call.ending === null) say(line);
        },
      },
    );
    stopWatching = () => watching.unsubscribe();
  });
  return () => {
    stopped = true;
    stopFollowing();
    stopWatching();
  };
}

const LOOK_EVERY_MS = 20;
const LOOKS = 100;

/** The row is there before Twilio is answered. */
async function callIdOf({ api, clock }: World, { sid }: PhoneCall): Promise<string | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    const { items } = await api.calls.list.query({ limit: 10 }).catch(() => ({ items: [] }));
    const found = items.find(({ callSid }) => callSid === sid);
    if (found) return found.id;
    await pause(clock, LOOK_EVERY_MS);
  }
  return undefined;
}
