/** ES256 with node:crypto: the collector's own key, and the keys of stations. */
import {
	createECDH,
	createPrivateKey,
	createPublicKey,
	type KeyObject,
	sign,
	verify,
} from "node:crypto";

export interface SigningKey {
	/** SEC 1 compressed point, 33 bytes: what stations are provisioned with. */
	readonly publicKey: Uint8Array;
	/** Signs bytes by ES256; r || s, 64 bytes. */
	sign(toBeSigned: Uint8Array): Uint8Array;
}

/** The signing key of a private scalar of 32 bytes. */
export function signingKeyOf(privateScalar: Uint8Array): SigningKey {
	const exchange = createECDH("prime256v1");
	exchange.setPrivateKey(privateScalar);
	const point = exchange.getPublicKey();
	const key = createPrivateKey({
		format: "jwk",
		key: {
			kty: "EC",
			crv: "P-256",
			d: Buffer.from(privateScalar).toString("base64url"),
			x: point.subarray(1, 33).toString("base64url"),
			y: point.subarray(33).toString("base64url"),
		},
	});
	return {
		publicKey: new Uint8Array(exchange.getPublicKey(null, "compressed")),
		sign: (toBeSigned) =>
			new Uint8Array(sign("sha256", toBeSigned, { key, dsaEncoding: "ieee-p1363" })),
	};
}

/** A public key of 33 bytes, ready to verify with; throws when it is no point of P-256. */
export function stationKeyOf(publicKey: Uint8Array): KeyObject {
	// SubjectPublicKeyInfo of a compressed P-256 point (RFC 5480): a fixed head, then the point.
	const head = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");
	return createPublicKey({ key: Buffer.concat([head, publicKey]), format: "der", type: "spki" });
}

/** True for a key that `stationKeyOf` takes. */
export function isStationKey(publicKey: Uint8Array): boolean {
	try {
		stationKeyOf(publicKey);
		return true;
	} catch {
		// OpenSSL's words for bytes that are no point say nothing to who wrote them.
		return false;
	}
}

/** True when `signature` (64 bytes) over `signed` is by `key`. */
export function isSignedBy(key: KeyObject, signed: Uint8Array, signature: Uint8Array): boolean {
	return verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
}
