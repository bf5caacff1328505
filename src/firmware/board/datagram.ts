/** The SDK's UDP as the port's datagram: its callbacks enter through the guard, and none after `close`. */
import UDP from "embedded:io/socket/udp";
import type { ByteBuffer, Datagram, DatagramConstructor, DatagramOptions } from "../ports.js";
import type { Guard } from "./guard.js";

/** The class has it (modules/io/socket), its typings on the npm registry do not. */
interface Closable {
	close(): void;
}

export function createDatagram(guard: Guard): DatagramConstructor {
	return class implements Datagram {
		readonly #socket: UDP;
		#isClosed = false;

		constructor({ onReadable, onError }: DatagramOptions) {
			const readable = guard((packets: number) => {
				if (!this.#isClosed) onReadable(packets);
			});
			const broken = guard(() => {
				if (!this.#isClosed) onError();
			});
			this.#socket = new UDP({
				onReadable: (packets) => readable(packets),
				onError: () => broken(),
			});
		}

		read(): ReturnType<Datagram["read"]> {
			return this.#socket.read();
		}

		write(packet: ByteBuffer, address: string, port: number): void {
			this.#socket.write(packet, address, port);
		}

		close(): void {
			if (this.#isClosed) return;
			this.#isClosed = true;
			(this.#socket as unknown as Closable).close();
		}
	};
}
