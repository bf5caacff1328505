/** What the collector and the thread that publishes say to each other. */
import type { ReaderLimits } from "./address-limits.js";
import type { RecordReader } from "./record-reader.js";

export interface PublishingData {
	/** Of the cache. */
	readonly folder: string;
	readonly host: string;
	readonly port: number;
	readonly proxies: readonly string[];
	readonly origin: string | undefined;
	/** File of the operator; undefined: nothing is said. */
	readonly publication: string | undefined;
	readonly limits: Partial<ReaderLimits>;
	/** Handles of the listening socket beyond its own (host/acceptors.ts). */
	readonly moreAcceptors: number;
	/** Unix seconds of a world that is not ours, as a double; undefined: this machine's clock. */
	readonly clock: SharedArrayBuffer | undefined;
	/** Other collectors may store on the same database. */
	readonly isShared: boolean;
	/** The rivers are simulated, and the page says so. */
	readonly isSimulated: boolean;
}

export type ReaderMethod = keyof RecordReader;

export type ToThread =
	| { readonly kind: "arrived"; readonly station: string }
	| { readonly kind: "reload" }
	| { readonly kind: "close" }
	| { readonly kind: "answer"; readonly id: number; readonly result: unknown }
	| { readonly kind: "failure"; readonly id: number; readonly message: string };

export type FromThread =
	| { readonly kind: "listening"; readonly port: number }
	| { readonly kind: "refused"; readonly message: string }
	/** `isFault`: it failed here, as often as something is tried or asked. */
	| { readonly kind: "log"; readonly line: string; readonly isFault: boolean }
	| { readonly kind: "closed" }
	/** Since the last time: answers by route and status; streams now. */
	| {
			readonly kind: "counted";
			readonly answers: readonly (readonly [route: string, status: number, count: number])[];
			readonly streams: number;
	  }
	| {
			readonly kind: "ask";
			readonly id: number;
			readonly method: ReaderMethod;
			readonly parameters: readonly unknown[];
	  };
