/**
 * How much a run of the tests tries. Short, as `npm test` does: every behaviour once, and of the proofs that
 * a judge sees what is wrong a sample. Whole, as `.ci/run` does (BISTRINA_WHOLE=1): all of them, at their
 * full sizes. Long (`npm run test:long`): sizes for a night.
 */
export const IS_LONG = process.env["BISTRINA_LONG"] === "1";
export const IS_WHOLE = IS_LONG || process.env["BISTRINA_WHOLE"] === "1";

/** All of them, or in a short run the first `count`. */
export function sample<Each>(all: readonly Each[], count = 1): readonly Each[] {
	return IS_WHOLE ? all : all.slice(0, count);
}

/** A test that takes seconds of processor, of what quicker ones try in parts: in whole runs only. */
export function whole(title: string, test: (this: Mocha.Context) => Promise<void> | void): void {
	if (IS_WHOLE) it(title, test);
}

/** A test that a judge sees what is wrong: in whole runs only. */
export function proof(title: string, test: (this: Mocha.Context) => Promise<void> | void): void {
	if (IS_WHOLE) it(title, test);
}
