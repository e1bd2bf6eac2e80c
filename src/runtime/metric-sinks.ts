import type { Meter } from "@opentelemetry/api";
import { Counter, Histogram, type Registry } from "prom-client";

/** The series that the metric templates of docs/examples/routeward.yml read. Names without the `_total` of counters. */
export const counterNames = [
  "route_requests",
  "route_fallback",
  "route_retries",
  "route_cost_usd",
  "conversation",
  "conversation_resolved",
  "conversation_escalated",
  "unsafe_output_reports",
] as const;
export type CounterName = (typeof counterNames)[number];

export const histogramNames = ["route_duration_seconds", "route_rubric_score"] as const;
export type HistogramName = (typeof histogramNames)[number];

/** Every series carries these; `segment` is empty where nobody named one. */
export interface RouteLabels {
  route: string;
  variation: string;
  segment: string;
}

/** Where outcomes are counted. */
export interface MetricSink {
  add(name: CounterName, value: number, labels: RouteLabels): void;
  observe(name: HistogramName, value: number, labels: RouteLabels): void;
}

const help: Readonly<Record<CounterName | HistogramName, string>> = {
  route_requests: "Calls of a model route.",
  route_fallback: "Calls in which the bundle's own fallback answered.",
  route_retries: "Repeated calls of the model.",
  route_cost_usd: "Cost of the calls in US dollars.",
  conversation: "Conversations that the route answered.",
  conversation_resolved: "Conversations resolved without a person.",
  conversation_escalated: "Conversations handed over to a person.",
  unsafe_output_reports: "Outputs that somebody reported as unsafe.",
  route_duration_seconds: "Duration of a call, retries and fallback included.",
  route_rubric_score: "Score of the answer by the application's grader, 0 to 1.",
};

const buckets: Readonly<Record<HistogramName, number[]>> = {
  route_duration_seconds: [0.1, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 20, 30],
  route_rubric_score: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1],
};

const labelNames = ["route", "variation", "segment"] as const;

/** Counts in a prom-client registry that the service exposes for Prometheus. @throws Error when the registry has one of the names already. */
export function createPrometheusSink(registry: Registry): MetricSink {
  const registers = [registry];
  const counters = new Map<CounterName, Counter<(typeof labelNames)[number]>>(
    counterNames.map((name) => [name, new Counter({ name: `${name}_total`, help: help[name], labelNames, registers })]),
  );
  const histograms = new Map<HistogramName, Histogram<(typeof labelNames)[number]>>(
    histogramNames.map((name) => [
      name,
      new Histogram({ name, help: help[name], labelNames, buckets: buckets[name], registers }),
    ]),
  );
  return {
    add: (name, value, labels) => counters.get(name)?.inc({ ...labels }, value),
    observe: (name, value, labels) => histograms.get(name)?.observe({ ...labels }, value),
  };
}

/** Counts with an OpenTelemetry meter. Prometheus exporters add `_total` to counters, so that both sinks give the same series. */
export function createOpenTelemetrySink(meter: Meter): MetricSink {
  const counters = new Map(counterNames.map((name) => [name, meter.createCounter(name, { description: help[name] })]));
  const histograms = new Map(
    histogramNames.map((name) => [
      name,
      meter.createHistogram(name, {
        description: help[name],
        advice: { explicitBucketBoundaries: buckets[name] },
      }),
    ]),
  );
  return {
    add: (name, value, labels) => counters.get(name)?.add(value, { ...labels }),
    observe: (name, value, labels) => histograms.get(name)?.record(value, { ...labels }),
  };
}
