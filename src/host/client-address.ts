/** Whom a listener takes the other end of a connection for. */

/** IPv4 as it is, also where it comes inside IPv6. */
export function plainAddress(address: string): string {
	return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Who an address belongs to: an IPv4 address, or the /64 of an IPv6 address, which one customer has. */
export function addressName(address: string): string {
	const plain = plainAddress(address);
	if (!plain.includes(":")) return plain;
	const [head = "", tail] = (plain.split("%")[0] ?? "").split("::");
	const groups = head === "" ? [] : head.split(":");
	const after = tail === undefined || tail === "" ? [] : tail.split(":");
	while (tail !== undefined && groups.length + after.length < 8) groups.push("0");
	return `${[...groups, ...after]
		.slice(0, 4)
		.map((group) => Number.parseInt(group, 16).toString(16))
		.join(":")}::/64`;
}
