import { tellUnasked } from '../context/tell-unasked.js';
import type { Logger } from '../ports/logger.js';

/**
 * Tells what became of letters without anybody asking.
 *
 * @param what what happened, as a sentence without its end.
 * @param place where the letters are kept.
 */
export function tellOfLetters(what: string, place: string, logger?: Logger): void {
  tellUnasked(`dead letters: ${what} (${place})`, logger);
}
