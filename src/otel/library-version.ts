/** The version of this library, as its tracers and meters name it; a test compares it with package.json. */
export const libraryVersion = '0.1.0';
