import type { OperatorCore } from '../nodes/flow-operator.js';
import { CountWindows } from './count-windows.js';
import { Sessions } from './sessions.js';
import { TimeWindows } from './time-windows.js';
import type { WindowDesk } from './window-desk.js';
import type { WindowSpec } from './window-kind.js';

/** Opens windows of the kind that was asked for. */
export function windowsOf(spec: WindowSpec, desk: WindowDesk): OperatorCore {
  switch (spec.by) {
    case 'time':
      return new TimeWindows(desk, spec);
    case 'count':
      return new CountWindows(desk, spec);
    case 'session':
      return new Sessions(desk, spec);
  }
}
