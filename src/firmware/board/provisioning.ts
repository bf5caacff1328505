/**
 * What a station is told before it ever runs: values in NVS, namespace `bistrina`, written with
 * ESP-IDF's NVS partition generator (docs/BOARD.md, "Provision").
 */
import keyValue from "embedded:storage/key-value";
import { StationError } from "../../core/errors.js";
import { DEFAULT_CONFIGURATION, type StationConfiguration } from "../config/configuration.js";
import type { WiFiCredentials } from "./link.js";

export interface Provisioning {
	readonly configuration: StationConfiguration;
	readonly credentials: WiFiCredentials;
	/** The collector's CA, DER. */
	readonly certificateAuthority: ArrayBuffer;
	/** Unix seconds before which no time is believed: when this board was provisioned. */
	readonly trustFloorUtcSeconds: number;
}

const NAMESPACE = "bistrina";

/** Throws `configuration-invalid` that names the key that is missing. */
export function readProvisioning(): Provisioning {
	// NVS keeps strings and blobs apart, and the SDK reads one kind per store.
	const texts = keyValue.open({ path: NAMESPACE, mode: "r", format: "string" });
	const blobs = keyValue.open({ path: NAMESPACE, mode: "r", format: "buffer" });
	try {
		const text = (key: string): string => {
			const value = texts.read(key);
			if (typeof value === "string") return value;
			throw new StationError("configuration-invalid", `the board was not told its "${key}"`);
		};
		const bytes = (key: string): ArrayBuffer => {
			const value = blobs.read(key);
			if (value instanceof ArrayBuffer) return value;
			throw new StationError("configuration-invalid", `the board was not told its "${key}"`);
		};
		return {
			configuration: {
				...DEFAULT_CONFIGURATION,
				station: text("station"),
				collectorHost: text("host"),
				collectorPort: Number(text("port")),
				collectorPublicKey: new Uint8Array(bytes("collector")),
			},
			credentials: { SSID: text("ssid"), password: text("password") },
			certificateAuthority: bytes("authority"),
			trustFloorUtcSeconds: Number(text("floor")),
		};
	} finally {
		texts.close();
		blobs.close();
	}
}
