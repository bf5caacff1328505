/** The address of a station in a network that gives none: address, mask, gateway, name server. */
import { isDigits } from "../../core/text.js";

/** Of 4 to 16 777 216 addresses. */
const HOSTS_MIN = 3;
const HOSTS_MAX = 0xff_ffff;

/** Four of them, commas between; address and gateway are two stations of one network. */
export function isStaticAddress(text: string): boolean {
	const numbers = text.split(",").map(numberOf);
	const [address = 0, mask = 0, gateway = 0, nameServer = 0] = numbers;
	const hosts = 0xffff_ffff - mask;
	const isStation = (each: number): boolean => {
		const host = each % (hosts + 1);
		return isUnicast(each) && host > 0 && host < hosts;
	};
	return (
		numbers.length === 4 &&
		hosts >= HOSTS_MIN &&
		hosts <= HOSTS_MAX &&
		(hosts & (hosts + 1)) === 0 &&
		isStation(address) &&
		isStation(gateway) &&
		address !== gateway &&
		Math.floor(address / (hosts + 1)) === Math.floor(gateway / (hosts + 1)) &&
		isUnicast(nameServer)
	);
}

/** Zero where the text is no address. A leading zero is none: the chip would read the number as octal. */
function numberOf(text: string): number {
	const parts = text.split(".");
	let number = 0;
	for (const part of parts) {
		if (!isDigits(part, 3) || Number(part) > 255 || String(Number(part)) !== part) return 0;
		number = number * 256 + Number(part);
	}
	return parts.length === 4 ? number : 0;
}

function isUnicast(address: number): boolean {
	const first = address >>> 24;
	return first > 0 && first !== 127 && first < 224;
}
