import { NodeCode } from '../stages/node-code.js';
import { SourceStage } from './source-stage.js';
import type { StageSite } from '../execution/stage-site.js';

/** The input of a sub-pipeline: its composite pushes items here. Run alone, it pulls them from the caller's items. */
export class InputStage extends SourceStage {
  constructor(site: StageSite) {
    super(site, NodeCode.of(undefined, 'execution'));
  }
}
