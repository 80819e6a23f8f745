import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What a Node process says of its runtime; where prom-client's default metrics have the same, by the same name. */
export const runtimeSeriesNames = {
  cpuSeconds: 'process_cpu_seconds_total',
  rssBytes: 'process_resident_memory_bytes',
  gcSeconds: 'nodejs_gc_duration_seconds',
  heapUsedBytes: 'nodejs_heap_size_used_bytes',
  heapTotalBytes: 'nodejs_heap_size_total_bytes',
  heapSpaceBytes: 'nodejs_heap_space_size_used_bytes',
  heapAfterGcBytes: 'nodejs_heap_after_gc_bytes',
  externalBytes: 'nodejs_external_memory_bytes',
  arrayBufferBytes: 'nodejs_array_buffer_bytes',
  eventLoopDelayP99Seconds: 'nodejs_eventloop_delay_p99_seconds',
  eventLoopDelayMaxSeconds: 'nodejs_eventloop_delay_max_seconds',
} as const;

const names = runtimeSeriesNames;

/**
 * Metrics of this process for one registry. Not prom-client's default ones: those count one collection of several that end
 * together, and their event-loop delay begins anew with each reader, of whom there are two.
 */
export function watchRuntime(registry: Registry): void {
  watchCollections(registry);
  watchMemory(registry);
  watchEventLoop(registry);
}

const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

function watchCollections(registry: Registry): void {
  const registers = [registry];
  const pauses = new Histogram({
    name: names.gcSeconds,
    help: 'Pauses of garbage collection by kind',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1],
    registers,
  });
  // A young process has had no major collection yet: that is zero of them, and not a signal that is missing.
  for (const kind of Object.values(kinds)) pauses.zero({ kind });
  // With a label, so that nothing is exported before the first one: what it leaves is not known yet, and not zero.
  const left = new Gauge({
    name: names.heapAfterGcBytes,
    help: 'Heap in use when the newest major collection had ended',
    labelNames: ['kind'],
    registers,
  });
  new PerformanceObserver((list) => {
    let wasMajor = false;
    for (const entry of list.getEntries()) {
      const kind = kinds[kindOf(entry)] ?? 'other';
      pauses.observe({ kind }, entry.duration / 1_000);
      wasMajor ||= kind === 'major';
    }
    if (wasMajor) left.set({ kind: 'major' }, getHeapStatistics().used_heap_size);
  }).observe({ entryTypes: ['gc'] });
}

/** Only entries of some types have a detail, which the types of the list do not tell. */
function kindOf(entry: object): number {
  const detail = 'detail' in entry ? entry.detail : undefined;
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? Number(detail.kind) : NaN;
}

function watchMemory(registry: Registry): void {
  const registers = [registry];
  const gaugeOf = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [] });
  const gauges = {
    rss: gaugeOf(names.rssBytes, 'Resident memory'),
    heapUsed: gaugeOf(names.heapUsedBytes, 'Heap in use'),
    heapTotal: gaugeOf(names.heapTotalBytes, 'Heap taken from the system'),
    external: gaugeOf(names.externalBytes, 'Memory outside of the heap that objects on it hold'),
    arrayBuffers: gaugeOf(names.arrayBufferBytes, 'Part of the external memory that buffers hold'),
  };
  const help = 'Heap in use by space';
  const spaces = new Gauge({ name: names.heapSpaceBytes, help, labelNames: ['space'], registers: [] });
  new Counter({
    name: names.cpuSeconds,
    help: 'Processor time',
    registers,
    // Registered first, so that one reading sets all the others before they are written.
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
      const memory = process.memoryUsage();
      for (const [part, gauge] of Object.entries(gauges)) gauge.set(memory[part as keyof typeof gauges]);
      for (const { space_name: space, space_used_size: bytes } of getHeapSpaceStatistics())
        spaces.set({ space: space.replace(/_space$/, '') }, bytes);
    },
  });
  for (const gauge of [...Object.values(gauges), spaces]) registry.registerMetric(gauge);
}

const resolutionMs = 10;
const delayWindowMs = 1_000;
/** A reader that comes right after the start finds something all the same. */
const firstWindowMs = 200;

/** Of the last whole second, whoever reads it and how often. */
function watchEventLoop(registry: Registry): void {
  const registers = [registry];
  const p99 = new Gauge({ name: names.eventLoopDelayP99Seconds, help: 'Delay of timers, p99', registers });
  const max = new Gauge({ name: names.eventLoopDelayMaxSeconds, help: 'Delay of timers, the longest', registers });
  // prom-client begins a gauge without labels with zero; there is no second to tell of yet.
  for (const gauge of [p99, max]) gauge.remove();
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  // The histogram holds the time between two of its timers; what exceeds their interval is delay.
  const secondsOf = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1_000);
  const look = (): void => {
    p99.set(secondsOf(delays.percentile(99)));
    max.set(secondsOf(delays.max));
    delays.reset();
  };
  setTimeout(look, firstWindowMs).unref();
  setInterval(look, delayWindowMs).unref();
}
