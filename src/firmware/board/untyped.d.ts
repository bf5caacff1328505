/** Modules that no typings know, neither the npm registry's nor the SDK's. */

declare module "rng" {
	/** The generator of the SDK's TLS. */
	const RNG: { init(seed: ArrayBuffer): void };
	export default RNG;
}
