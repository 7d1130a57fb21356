// A process that does nothing: what is left is Node itself.
export {};
