/** What a node does in its pipeline. */
export type NodeKind =
  | 'source'
  | 'transform'
  | 'stream-transform'
  | 'sink'
  | 'composite'
  | 'composite-input'
  | 'composite-output'
  | 'tap'
  | 'route'
  | 'merge'
  | 'join';
