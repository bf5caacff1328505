/** Modules that the SDK's own typings do not know. */

declare module "embedded:io/socket/tcp/tls" {
	/** The SDK's HTTP client takes the class and passes it its options; nobody else calls it. */
	const TLSSocket: new (options: object) => object;
	export default TLSSocket;
}

declare module "rng" {
	/** The generator of the SDK's TLS. */
	const RNG: { init(seed: ArrayBuffer): void };
	export default RNG;
}
