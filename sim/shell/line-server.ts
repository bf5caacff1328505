/**
 * The technician's lines of a running `npm start`: for each station a socket on loopback, as a cable
 * in its serial port. One device at a time, as on any serial port.
 */

import { createServer, type Server, type Socket } from "node:net";
import { OperationalError } from "../../src/host/errors.js";
import type { SimulatedStation } from "../station/station.js";
import { catchUp } from "./catch-up.js";
import { FirstLine } from "./first-line.js";
import { hasLeft } from "./has-left.js";

const HOST = "127.0.0.1";
/** A client that asked nothing and was answered nothing for so long has left: no request is silent for longer (320 s). */
const IDLE_MILLISECONDS = 400_000;
const LOG = "#".charCodeAt(0);

export interface LineServerOptions {
	readonly stations: readonly SimulatedStation[];
	/** Of the first station, the others follow; 0: free ones. */
	readonly port: number;
	/** How far the world has come, Unix seconds: a plug is plugged in now, not when its station slept. */
	readonly nowUtcSeconds: () => number;
	/** Milliseconds of the wall. */
	readonly now?: () => number;
	/** Something was plugged in, said or pulled out: the world has something new to do. */
	readonly onActivity: () => void;
}

export class LineServer {
	readonly #options: LineServerOptions;
	readonly #servers: Server[] = [];
	readonly #sockets = new Map<SimulatedStation, Socket>();
	/** When a station's holder last asked, or was answered. */
	readonly #heardMilliseconds = new Map<SimulatedStation, number>();
	readonly #firstLines = new WeakMap<Socket, FirstLine>();
	/** Waiting for the answer whether the line is taken, or answered and not gone yet. */
	readonly #outside = new Set<Socket>();
	#wasUsed = false;

	private constructor(options: LineServerOptions) {
		this.#options = options;
	}

	/** Opens all sockets. Throws OperationalError when a port is taken. */
	static async open(options: LineServerOptions): Promise<LineServer> {
		const server = new LineServer(options);
		try {
			for (const [index, station] of options.stations.entries()) {
				const port = options.port === 0 ? 0 : options.port + index;
				server.#servers.push(await server.#listen(station, port));
			}
		} catch (error) {
			await server.close();
			throw error;
		}
		return server;
	}

	/** What `bistrina --port` takes for the station of an index; undefined once it is closed. */
	addressOf(index: number): string | undefined {
		const address = this.#servers[index]?.address();
		if (typeof address !== "object" || address === null) return undefined;
		return `socket://${HOST}:${address.port}`;
	}

	/** Someone was here: what happened is no function of the seed any more. */
	get wasUsed(): boolean {
		return this.#wasUsed;
	}

	/** Someone is here. */
	get isInUse(): boolean {
		return this.#sockets.size > 0;
	}

	/** Pulls all plugs and closes. */
	async close(): Promise<void> {
		for (const [station, socket] of this.#sockets) {
			station.console.detach();
			socket.destroy();
		}
		this.#sockets.clear();
		for (const socket of this.#outside) socket.destroy();
		this.#outside.clear();
		await Promise.all(
			this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
		);
	}

	#listen(station: SimulatedStation, port: number): Promise<Server> {
		return new Promise((resolve, reject) => {
			const server = createServer((socket) => this.#connected(station, socket));
			server.once("error", (error: NodeJS.ErrnoException) => {
				const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be opened (${error.code})`;
				reject(
					new OperationalError(`port ${port} of ${HOST} ${why}; choose another --console-port`),
				);
			});
			server.listen(port, HOST, () => resolve(server));
		});
	}

	#connected(station: SimulatedStation, socket: Socket): void {
		// A peer that resets the connection has only pulled its plug.
		socket.on("error", () => socket.destroy());
		const holder = this.#sockets.get(station);
		if (holder === undefined) {
			this.#plugIn(station, socket);
			return;
		}
		if (this.#isIdle(station, holder)) {
			// A client that holds the line and says nothing must not keep out one that does.
			this.#pullOut(station, holder);
			this.#plugIn(station, socket);
			return;
		}
		this.#outside.add(socket);
		socket.on("close", () => this.#outside.delete(socket));
		void hasLeft(holder).then((isFree) => {
			// It has left, too, or this server has closed meanwhile.
			if (!this.#outside.has(socket) || socket.destroyed) return;
			if (isFree) this.#pullOut(station, holder);
			if (this.#sockets.has(station)) {
				// What it says is read and dropped: a reset would take our word with it.
				socket.resume();
				socket.end(`# 0 another program has the line of ${station.name}; close that one\n`);
			} else {
				this.#outside.delete(socket);
				this.#plugIn(station, socket);
			}
		});
	}

	#isIdle(station: SimulatedStation, holder: Socket): boolean {
		const heard = this.#heardMilliseconds.get(station) ?? 0;
		return this.#firstLines.get(holder)?.isOpen === true || this.#now() - heard > IDLE_MILLISECONDS;
	}

	/** No more than once: another may be in its place. */
	#pullOut(station: SimulatedStation, socket: Socket): void {
		socket.destroy();
		if (this.#sockets.get(station) !== socket) return;
		this.#sockets.delete(station);
		this.#act(station, () => station.console.detach());
	}

	#plugIn(station: SimulatedStation, socket: Socket): void {
		this.#sockets.set(station, socket);
		this.#wasUsed = true;
		socket.setNoDelay(true);
		this.#act(station, () => {
			station.console.attach((bytes) => {
				// Its log continues whether anybody is there or not.
				if (bytes[0] !== LOG) this.#heardMilliseconds.set(station, this.#now());
				socket.write(bytes);
			});
		});
		const firstLine = new FirstLine();
		this.#firstLines.set(socket, firstLine);
		socket.on("data", (bytes) => {
			const passed = firstLine.push(bytes);
			if (passed === "foreign") socket.destroy();
			else if (passed !== undefined && this.#sockets.get(station) === socket) {
				this.#heardMilliseconds.set(station, this.#now());
				this.#act(station, () => station.console.send(passed));
			}
		});
		socket.on("close", () => this.#pullOut(station, socket));
	}

	#now(): number {
		return this.#options.now?.() ?? performance.now();
	}

	#act(station: SimulatedStation, action: () => void): void {
		catchUp(station, this.#options.nowUtcSeconds());
		action();
		this.#options.onActivity();
	}
}
