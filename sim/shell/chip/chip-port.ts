/** A simulated chip as a port in this process: what `bistrina` opens for a simulated board. */
import type { ControlledPort } from "../../../src/technician/controlled-port.js";
import type { SimulatedChip } from "./chip.js";

/** Answers come in another turn of the event loop, as a system gives them. */
export function chipPort(
	chip: SimulatedChip,
	name: string,
	onClose: () => Promise<void>,
): ControlledPort {
	let isOpen = true;
	const port: ControlledPort = {
		name,
		hasControlLines: true,
		onBytes: undefined,
		onLost: undefined,
		write: (bytes) => {
			if (!isOpen) return Promise.reject(new Error("the port is closed"));
			const copy = bytes.slice();
			return new Promise((resolve) => {
				setImmediate(() => {
					chip.receive(copy);
					resolve();
				});
			});
		},
		setLines: async (lines) => chip.setLines(lines),
		setBaud: async (baud) => chip.setBaud(baud),
		close: async () => {
			if (!isOpen) return;
			isOpen = false;
			chip.onBytes = undefined;
			await onClose();
		},
	};
	chip.onBytes = (bytes) => {
		const copy = bytes.slice();
		setImmediate(() => {
			if (isOpen) port.onBytes?.(copy);
		});
	};
	return port;
}
