import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('the built package runs where the process forbids code from strings', () => {
  const program = `
    import { PipelineRunner, TransformNode } from 'heirline';
    class Add extends TransformNode { transform(item) { return item + 1; } }
    class Child { define(builder) {
      const add = builder.addTransform(Add, { from: builder.addCompositeInput() });
      builder.addCompositeOutput({ from: add });
    } }
    const seen = [];
    class Root { define(builder) {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1, 2], 'numbers') });
      builder.addSink((item) => void seen.push(item), { name: 'sink', from: child });
    } }
    try { new Function(''); seen.push('allowed'); } catch {}
    await new PipelineRunner({ codeGeneration: { after: 0 } }).run(Root);
    console.log(seen.join());`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );

  expect({ stdout, stderr }).toEqual({ stdout: '2,3\n', stderr: '' });
});
