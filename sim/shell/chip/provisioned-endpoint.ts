/** Where a simulated board delivers: the collector it was provisioned with, on loopback, whatever its name. */
import type { Provisioning } from "../../../src/firmware/config/provisioning.js";
import type { Endpoint } from "../../network/wire.js";
import { createHttpsEndpoint, type HttpsEndpoint } from "../https-endpoint.js";

/** A simulated board reaches no other machine. */
const HOST = "127.0.0.1";
const TIMEOUT_MILLISECONDS = 20_000;

export function provisionedEndpoint(provisioning: () => Provisioning): {
	endpoint: Endpoint;
	close(): void;
} {
	let open: { readonly name: string; readonly https: HttpsEndpoint } | undefined;
	const current = (): HttpsEndpoint => {
		const { configuration, authority } = provisioning();
		const { collectorHost, collectorPort } = configuration;
		const name = `${collectorHost}:${collectorPort} ${Buffer.from(authority).toString("hex")}`;
		if (open?.name === name) return open.https;
		open?.https.close();
		const https = createHttpsEndpoint({
			host: HOST,
			port: collectorPort,
			serverName: collectorHost,
			certificateAuthority: pemOf(authority),
			timeoutMilliseconds: TIMEOUT_MILLISECONDS,
		});
		open = { name, https };
		return https;
	};
	return {
		endpoint: (request, onAnswer) => current().endpoint(request, onAnswer),
		close: () => open?.https.close(),
	};
}

function pemOf(der: Uint8Array): string {
	const lines =
		Buffer.from(der)
			.toString("base64")
			.match(/.{1,64}/g) ?? [];
	return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
