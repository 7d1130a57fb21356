import { NodeCode } from '../stages/node-code.js';
import { SourceStage } from './source-stage.js';
import type { StageSite } from '../execution/stage-site.js';

/** Where a sub-pipeline's items come in: pushed by its composite, or pulled when it runs alone. */
export class InputStage extends SourceStage {
  constructor(site: StageSite) {
    super(site, NodeCode.of(undefined, 'execution'));
  }
}
