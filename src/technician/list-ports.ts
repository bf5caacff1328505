/** What is plugged in, which of it is likely a board, and why a port cannot be opened. */
import { accessSync, constants, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import type { Language } from "../host/messages/messages.js";
import { type Notice, notice, textOfNotice } from "../host/messages/notice.js";
import type { Shown } from "../host/output.js";

/** Of npm serialport's list. */
export interface ListedPort {
	readonly path: string;
	readonly manufacturer?: string | undefined;
	readonly vendorId?: string | undefined;
	readonly productId?: string | undefined;
	readonly serialNumber?: string | undefined;
}

/** Serial chips by their maker's USB id: those that sit on boards with an ESP32. */
const SERIAL_CHIPS: ReadonlyMap<string, string> = new Map([
	["10c4", "Silicon Labs CP210x"],
	["1a86", "WCH CH340/CH9102"],
	["0403", "FTDI FT232"],
	["303a", "Espressif USB"],
	["067b", "Prolific PL2303"],
]);
const LIKELY: readonly string[] = Object.freeze(["10c4", "1a86", "0403"]);

/** How a machine is asked about a port; tests bring their own. */
export interface PortAccess {
	/** Why this program may not open it, or undefined. */
	readonly refusal: (path: string) => Notice | undefined;
	/** Who has it open, where the system tells. */
	readonly holder: (path: string) => string | undefined;
}

/** A row for each port that is a device of USB; others only where there is none of those. */
export function portRows(
	ports: readonly ListedPort[],
	language: Language,
	access: PortAccess = SYSTEM,
): Shown[] {
	const words = (what: Notice): string => textOfNotice(what, language);
	const onUsb = ports.filter(({ vendorId }) => vendorId !== undefined);
	const shown = onUsb.length > 0 ? onUsb : ports;
	const likely = onUsb.filter(isLikelyBoard);
	return shown.map((port) => {
		const { path, vendorId = "", productId = "", serialNumber, manufacturer } = port;
		const id = `${vendorId}:${productId}`.toLowerCase();
		const chip = SERIAL_CHIPS.get(vendorId.toLowerCase()) ?? manufacturer ?? null;
		const holder = access.holder(path);
		const problem = access.refusal(path) ?? (holder && notice("port-in-use", { who: holder }));
		return {
			port: path,
			chip,
			usb: vendorId === "" ? null : id,
			serial: serialNumber ?? null,
			board: likely.includes(port)
				? words(notice(likely.length === 1 ? "port-likely" : "port-perhaps"))
				: null,
			problem: problem ? words(problem) : null,
		};
	});
}

/** By the serial chip that sits on boards with an ESP32. */
export function isLikelyBoard({ vendorId = "" }: ListedPort): boolean {
	return LIKELY.includes(vendorId.toLowerCase());
}

const SYSTEM: PortAccess = Object.freeze({ refusal: refusalOf, holder: holderOf });

function refusalOf(path: string): Notice | undefined {
	try {
		accessSync(path, constants.R_OK | constants.W_OK);
		return undefined;
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ENOENT") return notice("port-gone");
		if (code !== "EACCES") return notice("port-unopened", { why: code ?? "" });
		return notice("port-forbidden", { group: groupOf(path) });
	}
}

function groupOf(path: string): string {
	try {
		const { gid } = statSync(path);
		const line = readFileSync("/etc/group", "utf8")
			.split("\n")
			.find((each) => each.split(":")[2] === String(gid));
		return line?.split(":")[0] ?? "dialout";
	} catch {
		return "dialout";
	}
}

/** Linux tells of one's own processes; elsewhere, and of others', nobody is named. */
function holderOf(path: string): string | undefined {
	try {
		for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
			if (hasOpen(pid, path)) {
				const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
				return `${name} (process ${pid})`;
			}
		}
	} catch {
		// No such folder: another system.
	}
	return undefined;
}

function hasOpen(pid: string, path: string): boolean {
	try {
		return readdirSync(`/proc/${pid}/fd`).some((each) => {
			try {
				return readlinkSync(`/proc/${pid}/fd/${each}`) === path;
			} catch {
				return false;
			}
		});
	} catch {
		return false;
	}
}
