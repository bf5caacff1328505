/**
 * Node takes one connection from the kernel in each turn of its event loop, however many wait there: behind a flood
 * of two thousand a station waits for two thousand turns, each as long as all other work in it. Each further
 * handle of the same listening socket takes one more a turn. A process gets one by sending its own to
 * another process that sends it back.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

const ECHO = fileURLToPath(new URL("./handle-echo.js", import.meta.url));
/** Without them it works all the same, only slower under a flood. */
const WAIT_MILLISECONDS_MAX = 10_000;

export interface Acceptors {
	close(): void;
}

/** `count` further handles of a server that listens; their connections go to `onConnection`. Never throws. */
export async function moreAcceptors(
	server: Server,
	count: number,
	backlog: number,
	onConnection: (socket: Socket) => void,
): Promise<Acceptors> {
	const servers: Server[] = [];
	const close = (): void => {
		for (const each of servers) each.close();
	};
	if (count === 0 || process.platform === "win32") return { close };
	const { _handle } = server as unknown as { readonly _handle: never };
	const echo = fork(ECHO, { execArgv: [] });
	const timer = setTimeout(() => echo.kill(), WAIT_MILLISECONDS_MAX);
	echo.on("message", (_message, handle) => {
		if (servers.length >= count || handle === undefined) return;
		const other = new Server(onConnection);
		other.on("error", () => {});
		// Listening once more would set the socket's backlog anew: to what it is.
		other.listen(handle, backlog);
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
