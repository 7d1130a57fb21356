/** The longest delay that a timer takes; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Calls back at a moment, also one further away than a timer reaches; gives the function that calls it off.
 *
 * @param keepsAlive whether the process waits for it.
 */
export function alarmAt(epochMs: number, ring: () => void, keepsAlive = true): () => void {
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const leftMs = epochMs - Date.now();
    timer = setTimeout(
      leftMs <= LONGEST_DELAY_MS ? ring : arm,
      Math.min(Math.max(leftMs, 0), LONGEST_DELAY_MS),
    );
    if (!keepsAlive) timer.unref();
  };
  arm();
  return () => {
    clearTimeout(timer);
  };
}
