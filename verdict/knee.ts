/** A rate that was offered: what came of it per second, and how long an answer took. */
export interface LoadLatency {
  readonly throughput: number;
  readonly latencyMs: number;
}

/** Fewer cannot show a bend. */
const pointsMin = 4;

/**
 * Where a system stands best between being idle and being crowded: the greatest *power*, throughput ÷ latency, after
 * Giessler et al. (Computer Networks 2, 1978) and Kleinrock (Power and deterministic rules of thumb, ICC 1979). Below it more
 * load is answered for little more latency, above it latency grows by a larger share than throughput does. It needs neither a model
 * of the system nor how far beyond the knee anybody looked; a single server with random arrivals has it at half its capacity, many
 * servers later. Between two points latency is taken to grow by a constant factor a unit. Undefined when the greatest power is at an
 * end of what was offered, so that the bend was not seen.
 */
export function findKnee(points: readonly LoadLatency[]): LoadLatency | undefined {
  const sorted = points
    .filter(({ throughput, latencyMs }) => throughput > 0 && latencyMs > 0)
    .sort((a, b) => a.throughput - b.throughput);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (sorted.length < pointsMin || first === undefined || last === undefined) return undefined;
  const candidates = sorted.flatMap((point, index) => [point, ...betweenBest(point, sorted[index + 1])]);
  const best = candidates.reduce((a, b) => (powerOf(b) > powerOf(a) ? b : a));
  return best === first || best === last ? undefined : best;
}

const powerOf = ({ throughput, latencyMs }: LoadLatency): number => throughput / latencyMs;

/** x ÷ (l · e^(b·x)) is greatest at x = 1 ÷ b. */
function betweenBest(from: LoadLatency, to: LoadLatency | undefined): LoadLatency[] {
  if (to === undefined || to.throughput <= from.throughput) return [];
  const growth = Math.log(to.latencyMs / from.latencyMs) / (to.throughput - from.throughput);
  const throughput = 1 / growth;
  if (!(throughput > from.throughput && throughput < to.throughput)) return [];
  return [{ throughput, latencyMs: from.latencyMs * Math.exp(growth * (throughput - from.throughput)) }];
}
