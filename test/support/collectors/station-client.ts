/** The technician's client at the line of a simulated station, without a port in between. */
import type { StationLine } from "../../../sim/shell/station-line.js";
import { ConsoleClient } from "../../../src/technician/client.js";

export async function clientOf(station: StationLine): Promise<ConsoleClient> {
	const line = {
		name: "sim:",
		write: (bytes: Uint8Array) => station.send(bytes),
		onBytes: undefined as ((bytes: Uint8Array) => void) | undefined,
		onLost: undefined,
		close: async () => station.detach(),
	};
	await station.attach((bytes) => line.onBytes?.(bytes));
	const client = new ConsoleClient(line, 1, () => {});
	await client.greet();
	return client;
}
