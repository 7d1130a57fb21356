import { measureFamilies } from './measure-families.js';
import type { MeasureFamily, MeasureSample } from './measure-families.js';
import type { MetricsSnapshot } from './metrics-observer.js';

/** The content type of {@link formatPrometheus}, for the answer to a scrape. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The metrics of a {@link MetricsObserver} in the text form that Prometheus scrapes; times are in seconds.
 *
 * Answer with {@link prometheusContentType}. Lines are sorted by metric, then by path; a node without a timed call has
 * no latency.
 *
 * @example
 * {@includeCode ../../examples/api/metrics-observer.ts}
 */
export function formatPrometheus(snapshot: MetricsSnapshot): string {
  const nodes = Object.entries(snapshot).sort(([one], [other]) => (one < other ? -1 : 1));
  const lines = measureFamilies.flatMap((family) => {
    const name = nameOf(family);
    return [
      `# HELP ${name} ${family.help}`,
      `# TYPE ${name} ${family.type}`,
      ...nodes.flatMap(([path, metrics]) =>
        family.samples(metrics).map(({ label, value }) => {
          return `${name}{${labelsOf(path, label)}} ${String(value)}`;
        }),
      ),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function nameOf({ name, type, unit }: MeasureFamily): string {
  return ['heirline', name, unit, type === 'counter' ? 'total' : undefined]
    .filter((part) => part !== undefined)
    .join('_');
}

/** The labels of a sample, sorted by name. */
function labelsOf(path: string, label: MeasureSample['label']): string {
  const labels = [['path', path] as const, ...(label === undefined ? [] : [label])];
  return labels
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
