/**
 * Colours only where a person looks: picocolors alone would also paint files and pipes of any machine whose
 * environment says that it is a CI, and programs read those.
 */
import pc from "picocolors";

type Colours = ReturnType<typeof pc.createColors>;

/** Of what goes to stdout: data. */
export const onStdout: Colours = pc.createColors(isPainted(process.stdout));
/** Of what goes to stderr: talk. */
export const onStderr: Colours = pc.createColors(isPainted(process.stderr));

/** Node's word on the terminal: NO_COLOR, FORCE_COLOR and TERM included. */
function isPainted(stream: NodeJS.WriteStream): boolean {
	return stream.isTTY === true && stream.hasColors();
}
