import { isRow } from './drawing.js';
import type { DrawnLevel, DrawnNode } from './drawing.js';
import type { DrawingDirection } from './drawing-options.js';

/** Draws a pipeline as a Mermaid flowchart; a composite is a subgraph that holds its child's nodes. */
export function mermaidOf(drawing: DrawnLevel, direction: DrawingDirection): string {
  return [`flowchart ${direction === 'down' ? 'TB' : 'LR'}`, ...levelLines(drawing, '  ', direction)].join(
    '\n',
  );
}

function levelLines({ nodes, edges }: DrawnLevel, indent: string, direction: DrawingDirection): string[] {
  return [
    ...nodes.flatMap((node) => nodeLines(node, indent, direction)),
    ...edges.map(({ from, to }) => `${indent}${from.id} --> ${to.id}`),
  ];
}

function nodeLines(node: DrawnNode, indent: string, direction: DrawingDirection): string[] {
  const { id, name, notes, child } = node;
  if (child === undefined) return [`${indent}${id}${shapeOf(node)}`];
  // A title of several lines would cover the nodes below it.
  const title = notes.length === 0 ? name : `${name} (${notes.join('; ')})`;
  return [
    `${indent}subgraph ${id}["${escaped(title)}"]`,
    // Unless told, Mermaid turns the direction at each level.
    ...(direction === 'down' ? [`${indent}  direction ${isRow(child) ? 'LR' : 'TB'}`] : []),
    ...levelLines(child, `${indent}  `, direction),
    `${indent}end`,
  ];
}

function shapeOf({ kind, name, notes }: DrawnNode): string {
  const label = `"${[name, ...notes].map(escaped).join('<br>')}"`;
  switch (kind) {
    case 'source':
    case 'composite-input':
      return `([${label}])`;
    case 'sink':
    case 'composite-output':
      return `[(${label})]`;
    case 'composite':
      return `[[${label}]]`;
    default:
      return `[${label}]`;
  }
}

/** A text that Mermaid takes as it is: quotes and angle brackets as entities. */
function escaped(text: string): string {
  return text.replace(/[&"<>#]/g, (character) => `#${String(character.codePointAt(0))};`);
}
