import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/**
 * One registry of Prometheus metrics. Asking for a name again gives the same metric, so that several parts of a process may share
 * one. Labels hold few values each: an agent's slug yes, a call id no.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  gauge(name: string, help: string, labels?: readonly string[]): Gauge;
  /** `buckets`: upper bounds in the unit that the name ends with; prom-client's (seconds) when absent. */
  histogram(name: string, help: string, labels?: readonly string[], buckets?: readonly number[]): Histogram;
  /** The exposition text for `/metrics`. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** How often the loop's delay is sampled: each sample wakes the process. */
const LOOP_DELAY_MS = 50;

/**
 * @param prefix put in front of every name.
 * @param options.process also measure the process itself: CPU, memory, event loop lag, garbage collection.
 */
export function createMetrics(prefix = "struere_", options: { readonly process?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry, prefix, eventLoopMonitoringPrecision: LOOP_DELAY_MS });

  const once = <Metric>(kind: new (settings: never) => Metric, name: string, create: (fullName: string) => Metric): Metric => {
    const known = registry.getSingleMetric(`${prefix}${name}`);
    if (known === undefined) return create(`${prefix}${name}`);
    if (!(known instanceof kind)) throw new TypeError(`the metric ${prefix}${name} exists already and is of another kind`);
    return known;
  };
  const common = (name: string, help: string, labels: readonly string[]) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter: (name, help, labels = []) => once(Counter, name, (full) => new Counter(common(full, help, labels))),
    gauge: (name, help, labels = []) => once(Gauge, name, (full) => new Gauge(common(full, help, labels))),
    histogram: (name, help, labels = [], buckets) =>
      once(Histogram, name, (full) => new Histogram({ ...common(full, help, labels), ...(buckets && { buckets: [...buckets] }) })),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
