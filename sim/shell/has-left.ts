/** Whether who holds a line of one place has hung up, seen by the side that serves it. */
import type { Socket } from "node:net";

/**
 * Turns of the event loop in which a far end that closed must show: a loop that was busy meanwhile polls its end together
 * with the one who comes next, after bytes that were still read in the next turn, and one more for a stream's own turn.
 */
const TURNS = 3;

/** Resolves within `TURNS` turns of the event loop, at once where it has. The socket must be read. */
export async function hasLeft(holder: Socket): Promise<boolean> {
	for (let turn = 0; turn < TURNS && !isGone(holder); turn++) {
		await new Promise<void>((resolve) => setImmediate(resolve));
	}
	return isGone(holder);
}

/** It will say nothing more; that the system has closed it too comes turns later. */
function isGone(socket: Socket): boolean {
	return socket.destroyed || socket.readableEnded;
}
