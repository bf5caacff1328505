/** What the simulator and the collector that it runs as a process of its own say to each other. */

import type { RecordReader } from "../../../src/collector/publish/record-reader.js";
import type { StationResult } from "../../../src/host/station-result.js";

export interface CollectorOrder {
	readonly directory: string;
	readonly seed: number;
	/** 0: a free one. */
	readonly port: number;
}

export type Asked =
	| {
			readonly of: "record";
			readonly method: keyof RecordReader;
			readonly parameters: readonly unknown[];
	  }
	| { readonly of: "enrol"; readonly results: readonly StationResult[] }
	| { readonly of: "rows"; readonly station: string }
	| { readonly of: "close" };

export type ToCollector =
	| { readonly kind: "open"; readonly order: CollectorOrder }
	| { readonly kind: "ask"; readonly id: number; readonly asked: Asked };

export interface Counts {
	readonly duplicates: number;
	readonly refusals: number;
}

export type FromCollector =
	| { readonly kind: "open"; readonly port: number }
	/** It could not be opened. */
	| { readonly kind: "refused"; readonly message: string }
	| { readonly kind: "error"; readonly line: string }
	| { readonly kind: "stored"; readonly station: string }
	| {
			readonly kind: "answer";
			readonly id: number;
			readonly result: unknown;
			readonly counts: Counts;
	  }
	| {
			readonly kind: "failure";
			readonly id: number;
			readonly message: string;
			/** An operator can mend it. */
			readonly isOperational: boolean;
	  };

/** Of each request: the world's time, Unix seconds. Any program on this machine may say it: it is a game's clock. */
export const WORLD_HEADER = "bistrina-world-seconds";
