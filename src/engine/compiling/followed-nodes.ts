import type { EdgeIndex } from '../../graph/edge-index.js';
import { isEnd } from '../../nodes/node-kind.js';
import type { FollowedNode } from '../execution/toleration.js';
import type { NodeStage } from '../stages/stage.js';

/** The nodes of a pipeline in an order in which each stands behind those that its items come from. */
export function followedNodes(stages: readonly NodeStage[], connections: EdgeIndex): readonly FollowedNode[] {
  const byId = new Map(stages.map((stage) => [stage.site.id, stage]));
  const from = new Map<NodeStage, number[]>(stages.map((stage) => [stage, []]));
  // Grows while it is walked: a node is added with the last of the nodes before it.
  const order = stages.filter(({ site }) => connections.inputsOf(site.id) === 0);
  for (const { site, index } of order) {
    for (const { to: id } of connections.edgesOf(site.id)) {
      const target = byId.get(id);
      const before = target && from.get(target);
      if (target === undefined || before === undefined) continue;
      before.push(index);
      if (before.length === connections.inputsOf(id)) order.push(target);
    }
  }
  return order.map((stage) => ({
    index: stage.index,
    isEnd: isEnd(stage.site.kind),
    from: from.get(stage) ?? [],
  }));
}
