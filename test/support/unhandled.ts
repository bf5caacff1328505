/**
 * Loaded into each process of a test run (.mocharc.json): a promise that nobody watched when it was rejected
 * fails the file's tests, also when somebody came later. In a program of its own it would have ended it;
 * mocha swallows it, and Node's only word is PromiseRejectionHandledWarning on stderr.
 */
const seen = new Set<Promise<unknown>>();
let reasons: string[] = [];

function onUnhandled(reason: unknown, promise: Promise<unknown>): void {
	// Mocha takes its own listener off and emits once more.
	if (seen.has(promise)) return;
	seen.add(promise);
	reasons.push(reason instanceof Error ? String(reason.stack) : String(reason));
}

export const mochaHooks = {
	beforeAll(): void {
		process.on("unhandledRejection", onUnhandled);
	},
	async afterAll(): Promise<void> {
		// A rejection is unhandled when the turn in which it came is over.
		await new Promise((resolve) => setImmediate(resolve));
		process.off("unhandledRejection", onUnhandled);
		const found = reasons;
		reasons = [];
		seen.clear();
		if (found.length > 0) throw new Error(`nobody watched this promise: ${found.join("\n\n")}`);
	},
};
