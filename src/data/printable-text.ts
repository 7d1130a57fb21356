/** A text of others without the characters that would control a terminal or spoil a picture; line breaks stay. */
export function printableText(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex -- These are what must not be in it.
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g,
    (mark) => (mark === '\t' ? '  ' : `\\x${mark.charCodeAt(0).toString(16).padStart(2, '0')}`),
  );
}

/** Breaks lines between words; a word that is longer than a line stays whole, so that it can be copied. */
export function wrappedLines(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    if (line.length <= width) return [line];
    const lines: string[] = [];
    let open = '';
    for (const word of line.split(' ')) {
      if (open !== '' && open.length + 1 + word.length > width) {
        lines.push(open);
        open = word;
      } else open = open === '' ? word : `${open} ${word}`;
    }
    return [...lines, open];
  });
}
