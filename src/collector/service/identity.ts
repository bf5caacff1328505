/**
 * Who the collector is: a private authority with a server certificate for TLS, and the key that
 * signs acknowledgements. Made once, kept in files that only their owner may read. The certificates
 * are valid from 2000 to 2099, because a station judges them by a clock that may have stood still.
 */

import { randomBytes, webcrypto, X509Certificate } from "node:crypto";
import {
	chmodSync,
	closeSync,
	existsSync,
	fsyncSync,
	linkSync,
	openSync,
	readFileSync,
	rmSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { OperationalError } from "../../host/errors.js";
import { makeFolders } from "../../host/folders.js";
// tsyringe, inside x509, refuses to load without this polyfill.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { bytesOfHex, hexOf } from "../../core/bytes.js";
import { CLOCK_LAST_UTC_SECONDS } from "../../core/calendar.js";
import { type SigningKey, signingKeyOf } from "../ledger/keys.js";

export interface CollectorIdentity {
	/** PEM of the authority: what stations are provisioned with. */
	readonly certificateAuthority: string;
	/** PEM: leaf, then authority. */
	readonly certificateChain: string;
	/** PEM of the leaf's key. */
	readonly privateKey: string;
	readonly acknowledgementKey: SigningKey;
}

interface IdentityFile {
	readonly bistrinaIdentity: 1;
	readonly serverName: string;
	readonly certificateAuthority: string;
	readonly certificate: string;
	readonly privateKey: string;
	readonly acknowledgementScalar: string;
}

const TEXT_FIELDS = Object.freeze([
	"serverName",
	"certificateAuthority",
	"certificate",
	"privateKey",
	"acknowledgementScalar",
] as const);
const FILE_NAME = "identity.json";
const NOT_BEFORE = new Date("2000-01-01T00:00:00Z");
const NOT_AFTER = new Date(CLOCK_LAST_UTC_SECONDS * 1000);
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * Loads the identity of a directory, or makes it. `acknowledgementScalar` (32 bytes) fixes the
 * acknowledgement key, for simulations that must be repeatable. Throws OperationalError.
 */
export async function openIdentity(
	directory: string,
	serverName: string,
	acknowledgementScalar?: Uint8Array,
): Promise<CollectorIdentity> {
	makeFolders(directory, 0o700);
	const path = join(directory, FILE_NAME);
	if (existsSync(path)) return identityOf(path, serverName, readIdentity(path));
	const made = await makeIdentity(serverName, acknowledgementScalar ?? newScalar());
	const next = `${path}.${process.pid}.next`;
	const descriptor = openSync(next, "w", 0o600);
	try {
		writeSync(descriptor, `${JSON.stringify(made, null, "\t")}\n`);
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
	chmodSync(next, 0o600);
	try {
		// A link is there whole or not at all, and the first of several collectors wins.
		linkSync(next, path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
	} finally {
		rmSync(next, { force: true });
	}
	return identityOf(path, serverName, readIdentity(path));
}

function readIdentity(path: string): IdentityFile {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	}
	try {
		const stored = JSON.parse(text) as Partial<IdentityFile> | null;
		const isWhole =
			stored?.bistrinaIdentity === 1 &&
			TEXT_FIELDS.every((field) => typeof stored[field] === "string");
		if (isWhole) return stored as IdentityFile;
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
	}
	throw new OperationalError(`${path}: corrupt or of another version; restore it from a backup`);
}

function identityOf(path: string, serverName: string, stored: IdentityFile): CollectorIdentity {
	if (stored.serverName !== serverName) {
		throw new OperationalError(
			`${path}: made for the name ${stored.serverName}, not ${serverName}; use that name`,
		);
	}
	const { certificate, certificateAuthority, privateKey } = stored;
	const certificateChain = `${certificate}\n${certificateAuthority}\n`;
	believed(path, '"certificateAuthority" is no certificate in PEM', () => {
		new X509Certificate(certificateAuthority);
	});
	believed(path, '"privateKey" and "certificate" are no key and its certificate in PEM', () => {
		createSecureContext({ cert: certificateChain, key: privateKey });
	});
	const acknowledgementKey = believed(
		path,
		'"acknowledgementScalar" is no private key of P-256 in 64 digits',
		() => signingKeyOf(bytesOfHex(stored.acknowledgementScalar) ?? new Uint8Array(0)),
	);
	return { certificateAuthority, certificateChain, privateKey, acknowledgementKey };
}

/** OpenSSL throws for what it cannot read, in words that name neither the file nor what belongs there. */
function believed<Result>(path: string, otherwise: string, read: () => Result): Result {
	try {
		return read();
	} catch {
		throw new OperationalError(`${path}: ${otherwise}; restore the file from a backup`);
	}
}

async function makeIdentity(serverName: string, scalar: Uint8Array): Promise<IdentityFile> {
	x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
	const authorityKeys = (await webcrypto.subtle.generateKey(ALGORITHM, false, [
		"sign",
		"verify",
	])) as webcrypto.CryptoKeyPair;
	const leafKeys = (await webcrypto.subtle.generateKey(ALGORITHM, true, [
		"sign",
		"verify",
	])) as webcrypto.CryptoKeyPair;
	const keyIdentifiers = [
		await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
		await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
	];
	const authority = await x509.X509CertificateGenerator.createSelfSigned({
		serialNumber: serialNumber(),
		name: "CN=Bistrina collector authority",
		notBefore: NOT_BEFORE,
		notAfter: NOT_AFTER,
		signingAlgorithm: ALGORITHM,
		keys: authorityKeys,
		extensions: [
			new x509.BasicConstraintsExtension(true, 0, true),
			new x509.KeyUsagesExtension(
				x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
				true,
			),
			// Stations' TLS looks the authority up by its own key identifier, and breaks off without
			// (Moddable 8.2.3, modules/crypt/ssl/ssl_cert.js, verify).
			...keyIdentifiers,
		],
	});
	const leaf = await x509.X509CertificateGenerator.create({
		serialNumber: serialNumber(),
		subject: `CN=${serverName}`,
		issuer: authority.subject,
		notBefore: NOT_BEFORE,
		notAfter: NOT_AFTER,
		signingAlgorithm: ALGORITHM,
		publicKey: leafKeys.publicKey,
		signingKey: authorityKeys.privateKey,
		extensions: [
			new x509.BasicConstraintsExtension(false, undefined, true),
			new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
			new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]),
			new x509.SubjectAlternativeNameExtension([{ type: "dns", value: serverName }]),
			await x509.SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
			await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
		],
	});
	const exported = await webcrypto.subtle.exportKey("pkcs8", leafKeys.privateKey);
	return {
		bistrinaIdentity: 1,
		serverName,
		certificateAuthority: authority.toString("pem"),
		certificate: leaf.toString("pem"),
		privateKey: x509.PemConverter.encode(exported, "PRIVATE KEY"),
		acknowledgementScalar: hexOf(scalar),
	};
}

/** Positive and of fixed length, as RFC 5280 section 4.1.2.2 asks. */
function serialNumber(): string {
	const bytes = randomBytes(16);
	bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
	return bytes.toString("hex");
}

/** A private scalar; the chance that 32 random bytes are none of P-256's is 2^-32. */
function newScalar(): Uint8Array {
	return new Uint8Array(randomBytes(32));
}
