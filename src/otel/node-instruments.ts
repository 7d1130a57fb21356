import type { Attributes, Meter, Observable } from '@opentelemetry/api';
import { measureFamilies } from '../observability/measure-families.js';
import type { MeasureFamily } from '../observability/measure-families.js';
import type { MetricsObserver } from '../observability/metrics-observer.js';

/** Makes the instruments of a meter that show what an observer has measured, whenever they are read. */
export function observeNodes(meter: Meter, observer: MetricsObserver): void {
  const instruments = measureFamilies.map((family) => ({ family, instrument: instrumentOf(meter, family) }));
  meter.addBatchObservableCallback(
    (result) => {
      for (const [path, metrics] of Object.entries(observer.snapshot())) {
        for (const { family, instrument } of instruments) {
          for (const { label, value } of family.samples(metrics))
            result.observe(instrument, value, attributesOf(path, label));
        }
      }
    },
    instruments.map(({ instrument }) => instrument),
  );
}

function instrumentOf(meter: Meter, { name, type, unit, help: description }: MeasureFamily): Observable {
  const options = { description, unit: unit === undefined ? '{item}' : 's' };
  return type === 'counter'
    ? meter.createObservableCounter(`heirline.${name}`, options)
    : meter.createObservableGauge(`heirline.${name}`, options);
}

function attributesOf(path: string, label: readonly [name: string, value: string] | undefined): Attributes {
  return { 'heirline.path': path, ...(label === undefined ? {} : { [`heirline.${label[0]}`]: label[1] }) };
}
