import { inspect } from 'node:util';
import { dictionaryKinds } from '../context/dictionary-kind.js';
import { frameOf } from '../context/pipeline-context.js';
import { isArray, isError, isInstanceOf, readProperty } from '../data/foreign-value.js';
import { printableText, wrappedLines } from '../data/printable-text.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { failedItemOf, PipelineError, remedyOf } from '../errors/pipeline-error.js';
import { toErrorRecord } from '../ports/error-record.js';
import type { ErrorRecord } from '../ports/error-record.js';
import { Redactor } from '../run/secrets/redactor.js';
import type { RunResult } from './execution/run-result.js';

/** How an error is shown. */
export interface FormatErrorOptions {
  /** Whether colours are used. Default: where standard error is a terminal, and `NO_COLOR` is not set. */
  readonly color?: boolean | undefined;
  /** The longest line, in characters. Default: the width of the terminal, else 80. */
  readonly width?: number | undefined;
}

/** Of an item so many lines are shown at most. */
const ITEM_LINES = 6;

/** How wide the words before the lines are. */
const MARGIN = 12;

/**
 * Shows an error in a terminal: where it failed, why, with which item, in which context, and what to do.
 *
 * Of the context of the run only the names of entries are shown. Secrets that the run has read are replaced; the
 * control characters of foreign texts are, too. Anything thrown can be shown.
 *
 * @throws {@link PipelineError} `OPTION_INVALID`.
 *
 * @example
 * {@includeCode ../../examples/api/format-error.ts}
 */
export function formatError(error: unknown, options: FormatErrorOptions = {}): string {
  checkOptions('formatError', options, { color: rule.boolean, width: rule.positiveInteger });
  const { stderr, env } = process;
  const { color = stderr.isTTY && !env['NO_COLOR'], width = stderr.isTTY ? stderr.columns : 80 } = options;
  const result = isInstanceOf(error, PipelineError) ? error.result : undefined;
  const redactor = result === undefined ? new Redactor() : frameOf(result.context).services.run.redactor;
  return new ErrorText(redactor, Math.max(width, MARGIN + 20), color).of(error, result);
}

/** The lines that show one error. */
class ErrorText {
  constructor(
    private readonly redactor: Redactor,
    private readonly width: number,
    private readonly isColored: boolean,
  ) {}

  of(error: unknown, result: RunResult | undefined): string {
    const record = toErrorRecord(error);
    const remedy = isInstanceOf(error, PipelineError) ? remedyOf(error) : undefined;
    const { problem, hint, docs } = partsOf(record, remedy);
    const item = isInstanceOf(error, PipelineError) ? failedItemOf(error) : undefined;
    return [
      this.#styled('1;31', this.#clean(titleOf(record))),
      ...this.#tree(record.path),
      '',
      ...this.#wrapped(problem, this.width),
      '',
      ...this.#causes(record.cause),
      ...this.#collected(error),
      ...(item === undefined ? [] : this.#labelled('item', this.#item(item.value))),
      ...(result === undefined ? [] : this.#run(result)),
      ...(hint === undefined ? [] : this.#labelled('to do', hint)),
      ...(docs === undefined ? [] : this.#labelled('docs', docs)),
    ]
      .join('\n')
      .trimEnd();
  }

  #tree(path: string | undefined): string[] {
    const steps = path === undefined || path === '' ? [] : path.split('/');
    return steps.map((step, level) => {
      const line = level === 0 ? step : `${'   '.repeat(level - 1)}└─ ${step}`;
      const isLast = level === steps.length - 1;
      return isLast ? `${this.#clean(line)} ${this.#styled('31', '✗')}` : this.#clean(line);
    });
  }

  #causes(cause: ErrorRecord | undefined): string[] {
    const lines: string[] = [];
    for (let each = cause; each !== undefined; each = each.cause)
      lines.push(...this.#labelled('because', `${titleOf(each)}: ${each.message}`));
    return lines;
  }

  /** What an `AggregateError` holds. */
  #collected(error: unknown): string[] {
    const errors = isError(error) && !isInstanceOf(error, PipelineError) && readProperty(error, 'errors');
    if (!isArray(errors)) return [];
    // The list may be anything that calls itself one.
    const length = Number(readProperty(errors, 'length'));
    const shown = Array.from({ length: Math.min(length, 10) }, (_, index) =>
      toErrorRecord(readProperty(errors, index)),
    );
    const left = length - shown.length;
    return [
      ...shown.flatMap((each) => this.#labelled('one of', `${titleOf(each)}: ${each.message}`)),
      ...(left > 0 ? this.#labelled('', `and ${String(left)} more`) : []),
    ];
  }

  #run({ runId, status, durationMs, context }: RunResult): string[] {
    const names = dictionaryKinds.flatMap((kind) => {
      const keys = [...frameOf(context).dictionary(kind).keys()];
      return keys.length === 0 ? [] : [`${kind} ${keys.join(', ')}`];
    });
    return [
      ...(names.length === 0 ? [] : this.#labelled('context', names.join('; '))),
      ...this.#labelled('run', `${runId}, ${status} after ${String(Math.round(durationMs))} ms`),
    ];
  }

  #item(value: unknown): string {
    const shown = printedItem(this.redactor.data(value), this.width - MARGIN);
    const lines = shown.split('\n');
    return lines.length <= ITEM_LINES ? shown : [...lines.slice(0, ITEM_LINES - 1), '...'].join('\n');
  }

  #labelled(label: string, text: string): string[] {
    const lines = this.#wrapped(text, this.width - MARGIN);
    return lines.map((line, index) => {
      const margin = (index === 0 ? label : '').padEnd(MARGIN);
      return `${this.#styled('2', margin)}${line}`;
    });
  }

  #wrapped(text: string, width: number): string[] {
    return wrappedLines(this.#clean(text), width);
  }

  /** Without secrets, and without characters that would control the terminal. */
  #clean(text: string): string {
    return printableText(this.redactor.text(text));
  }

  #styled(code: string, text: string): string {
    return this.isColored ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

function titleOf({ name, code }: ErrorRecord): string {
  if (code === undefined) return name;
  return name === 'PipelineError' ? code : `${name} [${code}]`;
}

/** The message of an error without its path, its remedy and the place in the manual, which have lines of their own. */
function partsOf(
  { message, path }: ErrorRecord,
  remedy: string | undefined,
): { readonly problem: string; readonly hint?: string; readonly docs?: string } {
  const place = path === undefined || path === '' ? '' : `${path}: `;
  const [, docs] = / \((docs\/errors\.md#\w+)\)$/.exec(message) ?? [];
  const end = docs === undefined ? undefined : `${remedy ?? ''} (${docs})`;
  if (remedy === undefined || end === undefined || !message.startsWith(place) || !message.endsWith(end))
    return { problem: message };
  const problem = message.slice(place.length, message.length - end.length).trim();
  return { problem, hint: remedy, ...(docs === undefined ? {} : { docs }) };
}

function printedItem(value: unknown, breakLength: number): string {
  try {
    return inspect(value, {
      depth: 2,
      customInspect: false,
      breakLength,
      maxArrayLength: 5,
      maxStringLength: 200,
    });
  } catch {
    return 'a value that cannot be read';
  }
}
