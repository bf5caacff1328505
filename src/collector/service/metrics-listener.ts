/** Where Prometheus asks: an address of its own, plain HTTP for whoever may reach it, GET /metrics and no more. */
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { OperationalError } from "../../host/errors.js";

export interface MetricsListenerOptions {
	readonly host: string;
	/** 0: a free one. */
	readonly port: number;
	/** Rejects where something cannot be counted now. */
	readonly text: () => Promise<string>;
}

/** Beyond it the oldest goes: whoever only holds some keeps nobody else from asking. */
const CONNECTIONS_MAX = 16;
const HEADER_BYTES_MAX = 8192;
const MILLISECONDS_MAX = 10_000;

/** Throws OperationalError that names the port when it is taken. */
export async function listenForMetrics(
	options: MetricsListenerOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
	const { host, port, text } = options;
	const server = createServer(
		{
			maxHeaderSize: HEADER_BYTES_MAX,
			headersTimeout: MILLISECONDS_MAX,
			requestTimeout: MILLISECONDS_MAX,
			keepAliveTimeout: MILLISECONDS_MAX,
		},
		(request, response) => {
			request.resume();
			const respond = (status: number, words: string, type = "text/plain"): void => {
				response.writeHead(status, {
					"content-type": type,
					"content-length": Buffer.byteLength(words),
				});
				response.end(request.method === "HEAD" ? undefined : words);
			};
			if (request.method !== "GET" && request.method !== "HEAD") return respond(405, "use GET\n");
			if (request.url?.split("?")[0] !== "/metrics") return respond(404, "there is /metrics\n");
			text().then(
				(counted) => respond(200, counted, "text/plain; version=0.0.4; charset=utf-8"),
				() => respond(503, "it cannot be counted now\n"),
			);
		},
	);
	// Also over a connection whose client reads nothing.
	server.setTimeout(MILLISECONDS_MAX);
	const sockets = new Set<Socket>();
	server.on("connection", (socket) => {
		const [oldest] = sockets;
		if (sockets.size >= CONNECTIONS_MAX && oldest !== undefined) {
			sockets.delete(oldest);
			oldest.destroy();
		}
		sockets.add(socket);
		socket.once("close", () => sockets.delete(socket));
	});
	await listening(server, host, port);
	const address = server.address();
	return {
		port: typeof address === "object" && address !== null ? address.port : port,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

function listening(server: Server, host: string, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", ({ code }: NodeJS.ErrnoException) => {
			const why = code === "EADDRINUSE" ? "is in use" : `cannot be opened (${code})`;
			reject(new OperationalError(`port ${port} of ${host} ${why}; choose another --metrics-port`));
		});
		server.listen({ host, port }, () => resolve());
	});
}
