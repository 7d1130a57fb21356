import { isRow } from './drawing.js';
import type { DrawnGraph, DrawnLevel, DrawnNode } from './drawing.js';
import type { DrawingDirection } from './drawing-options.js';

/** Draws a pipeline as a Mermaid flowchart; a sub-pipeline is a subgraph that holds its nodes. */
export function mermaidOf(drawing: DrawnGraph, direction: DrawingDirection): string {
  const header =
    drawing.notes.length === 0 ? [] : ['---', `title: ${JSON.stringify(titleOf(drawing))}`, '---'];
  const chart = `flowchart ${direction === 'down' ? 'TB' : 'LR'}`;
  return [...header, chart, ...levelLines(drawing, '  ', direction)].join('\n');
}

function levelLines({ nodes, edges }: DrawnLevel, indent: string, direction: DrawingDirection): string[] {
  return [
    ...nodes.flatMap((node) => [
      ...nodeLines(node, indent, direction),
      ...node.fallbacks.flatMap((fallback) => [
        ...nodeLines(fallback, indent, direction),
        `${indent}${node.id} -. fails .-> ${fallback.id}`,
      ]),
    ]),
    ...edges.map(({ from, to, label }) =>
      label === ''
        ? `${indent}${from.id} --> ${to.id}`
        : `${indent}${from.id} -- "${escaped(label)}" --> ${to.id}`,
    ),
  ];
}

function nodeLines(node: DrawnNode, indent: string, direction: DrawingDirection): string[] {
  const { id, child } = node;
  if (child === undefined) return [`${indent}${id}${shapeOf(node)}`];
  return [
    `${indent}subgraph ${id}["${escaped(titleOf(node))}"]`,
    // Unless told, Mermaid turns the direction at each level.
    ...(direction === 'down' ? [`${indent}  direction ${isRow(child) ? 'LR' : 'TB'}`] : []),
    ...levelLines(child, `${indent}  `, direction),
    `${indent}end`,
  ];
}

/** All that is said of a pipeline in one line: a title of several lines would cover the nodes below it. */
function titleOf({ name, notes }: Pick<DrawnGraph, 'name' | 'notes'>): string {
  return notes.length === 0 ? name : `${name} (${notes.join('; ')})`;
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
    case 'route':
      return `{${label}}`;
    case 'merge':
    case 'join':
      return `{{${label}}}`;
    default:
      return `[${label}]`;
  }
}

/** A text that Mermaid takes as it is: quotes and angle brackets as entities. */
function escaped(text: string): string {
  return text.replace(/[&"<>#]/g, (character) => `#${String(character.codePointAt(0))};`);
}
