/**
 * Modules of the SDK 8.2.3 that the typings on the npm registry (5.6.0) do not know. Where the SDK is
 * installed its own typings are used instead of this file; only what the adapters use is declared.
 */

declare module "mc/ffi" {
	const FFI: new () => Readonly<Record<string, (...parameters: unknown[]) => unknown>>;
	export default FFI;
}

declare module "onewire" {
	class OneWire {
		constructor(options: { pin: number });
		reset(): boolean;
		write(byte: number): void;
		read(): number;
		close(): void;
	}
	export default OneWire;
}

declare module "embedded:storage/flash" {
	interface Flash {
		eraseBlock(start: number, end?: number): void;
		read(byteLength: number, byteOffset: number): ArrayBuffer;
		read(buffer: ArrayBuffer | Uint8Array, byteOffset: number): number;
		write(buffer: ArrayBuffer | Uint8Array, byteOffset: number): void;
		status(): { size: number; blockLength: number; blocks: number };
		close(): void;
	}
	const flash: { open(options: { path: string; mode?: "r" | "r+" }): Flash };
	export default flash;
}

declare module "embedded:storage/key-value" {
	interface Store {
		read(key: string): unknown;
		write(key: string, value: ArrayBuffer): void;
		close(): void;
	}
	const keyValue: {
		open(options: { path: string; mode?: "r" | "r+"; format?: "buffer" | "string" }): Store;
	};
	export default keyValue;
}

declare module "embedded:network/interface/wifi" {
	class WiFi {
		constructor(options: { onChanged?: (property: "connection" | "address") => void });
		configure(options: {
			static: false | { address: string; mask: string; gateway: string };
		}): void;
		connect(options: { SSID: string; password?: string }): void;
		disconnect(): void;
		close(): void;
		readonly connection: number;
		readonly RSSI: number | undefined;
	}
	export default WiFi;
}
