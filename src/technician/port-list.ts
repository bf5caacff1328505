/** The serial ports of this machine: as npm serialport lists them, or on Linux without udev as the kernel does. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { OperationalError } from "../host/errors.js";
import { notice } from "../host/messages/notice.js";
import type { ListedPort } from "./list-ports.js";

const KERNEL_PORTS = "/sys/class/tty";
/** From a serial port up to the device of USB that it belongs to: interface, device, and one to spare. */
const STEPS_UP_MAX = 4;

/** Throws OperationalError where the system does not tell. */
export async function listPorts(): Promise<readonly ListedPort[]> {
	const { SerialPort } = await import("serialport");
	try {
		return await SerialPort.list();
	} catch (error) {
		// The library asks `udevadm`, which a container has not.
		if (existsSync(KERNEL_PORTS)) return kernelPorts(KERNEL_PORTS);
		const why = error instanceof Error ? error.message : String(error);
		throw new OperationalError(notice("no-port-list", { why }));
	}
}

/** Ports of USB devices in a tree as Linux has it. */
export function kernelPorts(folder: string): readonly ListedPort[] {
	const ports: ListedPort[] = [];
	for (const name of readdirSync(folder).sort()) {
		const device = usbDeviceOf(join(folder, name, "device"));
		if (device === undefined) continue;
		ports.push({
			path: `/dev/${name}`,
			vendorId: textOf(device, "idVendor"),
			productId: textOf(device, "idProduct"),
			serialNumber: textOf(device, "serial"),
			manufacturer: textOf(device, "manufacturer"),
		});
	}
	return ports;
}

function usbDeviceOf(link: string): string | undefined {
	if (!existsSync(link)) return undefined;
	let at = realpathSync(link);
	for (let step = 0; step < STEPS_UP_MAX; step++, at = dirname(at)) {
		if (existsSync(join(at, "idVendor"))) return at;
	}
	return undefined;
}

function textOf(device: string, name: string): string | undefined {
	const path = join(device, name);
	return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}
