/** What becomes of stdout's own errors: without a listener Node ends with a stack. */

/**
 * Whoever closes the pipe after the first lines has seen enough: `onClosed`. Anything else, a full disk above all, is an error
 * with its cause and exit code 1.
 */
export function tellStdoutErrors(onClosed: () => void): void {
	process.stdout.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code === "EPIPE") {
			onClosed();
			return;
		}
		const cure = error.code === "ENOSPC" ? "make room" : "write to another place";
		process.stderr.write(
			`error: what was to go to stdout could not be written (${error.code ?? error.message}); ${cure}\n`,
		);
		process.exit(1);
	});
}
