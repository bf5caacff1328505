/** The end of a server whose connections come by several handles of its socket (acceptors.ts): it counts those of its own alone. */
import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Takes no connection any more, hangs up on those that are idle, and resolves when the others are gone; after
 * `milliseconds` they are hung up on. `sockets` are all that there are, without those that are closed.
 */
export function closeServer(
	server: Pick<Server, "close" | "closeIdleConnections">,
	sockets: ReadonlySet<Socket>,
	milliseconds: number,
): Promise<void> {
	return new Promise((resolve) => {
		let isClosed = false;
		const timer = setTimeout(() => {
			for (const socket of sockets) socket.destroy();
		}, milliseconds);
		const look = (): void => {
			if (!isClosed || sockets.size > 0) return;
			clearTimeout(timer);
			resolve();
		};
		for (const socket of sockets) socket.once("close", look);
		server.close(() => {
			isClosed = true;
			look();
		});
		server.closeIdleConnections();
	});
}
