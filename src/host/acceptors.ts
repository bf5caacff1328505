/**
 * How connections come from the kernel.
 *
 * Node takes one connection from the kernel in each turn of its event loop, however many wait there: after a flood
 * of two thousand a station waits for two thousand turns, each as long as all other work in it. Each further
 * handle of the same listening socket takes one more a turn. A process gets one by sending its own to
 * another process that sends it back.
 *
 * And Node makes a socket with two streams of each connection before anybody is asked: most of what it costs to
 * turn one away. Here an address is looked at before that.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

const ECHO = fileURLToPath(new URL("./handle-echo.js", import.meta.url));
/** Without them it works all the same, only slower under a flood. */
const WAIT_MILLISECONDS_MAX = 10_000;

/** Connections that the kernel holds until a handle takes them: where there is no place, one waits a second. */
export const BACKLOG = 4096;

/** What Node has in hand before it makes a socket. */
interface AcceptedHandle {
	getpeername(into: { address?: string }): number;
	/** By a reset: nothing is left of the connection in this kernel. */
	reset?: (onClosed: () => void) => number;
	close(): void;
}

interface ListeningHandle {
	onconnection?: (this: unknown, status: number, accepted: AcceptedHandle | undefined) => void;
}

/**
 * Asks `bears` about the address of each connection before a socket is made of it; one that it does not bear is reset.
 * For a server that listens; false where this Node works otherwise, and nobody is asked.
 */
export function askEarly(server: Server, bears: (address: string) => boolean): boolean {
	const { _handle: handle } = server as unknown as { readonly _handle: ListeningHandle | null };
	const take = handle?.onconnection;
	if (handle === null || typeof take !== "function") return false;
	handle.onconnection = function (status, accepted) {
		const peer: { address?: string } = {};
		const isKnown = accepted !== undefined && accepted.getpeername(peer) === 0;
		if (!isKnown || peer.address === undefined || bears(peer.address)) {
			take.call(this, status, accepted);
			return;
		}
		if (accepted.reset?.(() => {}) !== 0) accepted.close();
	};
	return true;
}

/** Of a server, what its sockets are like; Node keeps them there and does not say so. */
interface SocketOptions {
	readonly noDelay: boolean;
	readonly allowHalfOpen: boolean;
	readonly pauseOnConnect: boolean;
}

export interface Acceptors {
	close(): void;
}

/**
 * `count` further handles of a server that listens; their connections go to `onConnection`. `onListening` is told of
 * each. Never throws.
 */
export async function moreAcceptors(
	server: Server,
	count: number,
	onConnection: (socket: Socket) => void,
	onListening: (server: Server) => unknown = () => {},
): Promise<Acceptors> {
	const servers: Server[] = [];
	const close = (): void => {
		for (const each of servers) each.close();
	};
	if (count === 0 || process.platform === "win32") return { close };
	const node = server as unknown as { readonly _handle: never } & SocketOptions;
	const { _handle, noDelay, allowHalfOpen, pauseOnConnect } = node;
	const echo = fork(ECHO, { execArgv: [] });
	const timer = setTimeout(() => echo.kill(), WAIT_MILLISECONDS_MAX);
	echo.on("message", (_message, handle) => {
		if (servers.length >= count || handle === undefined) return;
		// Sockets as the server makes them itself: without noDelay an answer may wait 40 ms for the client's system.
		const other = new Server({ noDelay, allowHalfOpen, pauseOnConnect }, onConnection);
		other.on("error", () => {});
		// Listening once more would set the socket's backlog anew: to what it is.
		other.listen(handle, BACKLOG);
		onListening(other);
		servers.push(other);
		if (servers.length === count) echo.kill();
	});
	for (let sent = 0; sent < count; sent++) {
		echo.send("handle", _handle, { keepOpen: true }, () => {});
	}
	try {
		await once(echo, "exit");
	} catch {
		// No process could be had: one handle it is.
	}
	clearTimeout(timer);
	return { close };
}
