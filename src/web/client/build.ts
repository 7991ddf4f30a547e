// The build that a script is of.

/** The digest of the ticker's code. */
declare const BUILD: string;

/** The property of a page under which the ticker's script shares its modules with the chart's script of the same build. */
export const SHARED = Symbol.for(`silkrate ${BUILD}`);
