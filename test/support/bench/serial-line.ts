/** The line of a station at a serial port of a given class. */
import { lineOf } from "../../../src/technician/controlled-port.js";
import type { Line } from "../../../src/technician/line.js";
import { openSerialPort, type SerialPortClass } from "../../../src/technician/serial-port.js";

export async function openSerialLine(
	name: string,
	baud: number,
	PortClass: SerialPortClass,
): Promise<Line> {
	return lineOf(await openSerialPort(name, baud, PortClass));
}
