/** A class that something constructs; it may take injected arguments. */
export type Constructor<T> = new (...args: never[]) => T;
