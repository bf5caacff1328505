/** What `work` writes to stdout. */
export function captured(work: () => unknown): string {
	const { write } = process.stdout;
	let text = "";
	process.stdout.write = ((piece: string | Uint8Array) => {
		text += Buffer.from(piece as string).toString();
		return true;
	}) as typeof write;
	try {
		work();
	} finally {
		process.stdout.write = write;
	}
	return text;
}
