import { startFakeControl } from "./fake-control.ts";
import { measure, type SubjectName } from "./measure.ts";
const [names = "naive,lane", calls = "50", seconds = "5", repeat = "1"] = process.argv.slice(2);
const control = await startFakeControl();
for (let r = 0; r < Number(repeat); r++) for (const c of calls.split(",")) for (const name of names.split(",")) {
  const run = await measure({ subject: name as SubjectName, calls: Number(c), seconds: Number(seconds), warmUpSeconds: 3, generators: 1, control, natsUrl: null });
  console.log(JSON.stringify(run, (_, v) => typeof v === "number" ? Math.round(v * 1000) / 1000 : v));
}
