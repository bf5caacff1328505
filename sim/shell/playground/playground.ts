/**
 * What somebody at the playground may do to a simulated world. Each deed happens at the world's present, is marked, and
 * makes the run no function of its seed any more.
 */

import { noAilments } from "../../probes/ailments.js";
import { AIR_MEDIUM } from "../../probes/bottles.js";
import type { SimulatedStation } from "../../station/station.js";
import { catchUp } from "../catch-up.js";
import type { PlayedRiver } from "./played-river.js";

/** Of a station, of the river at it, or of everybody. The order is the buttons'. */
export const ACTIONS = Object.freeze([
	{ name: "network", group: "faults", isToggle: true },
	{ name: "power", group: "faults", isToggle: false },
	{ name: "foul", group: "faults", isToggle: true },
	{ name: "dry", group: "faults", isToggle: true },
	{ name: "clock", group: "faults", isToggle: false },
	{ name: "upload", group: "faults", isToggle: false },
	{ name: "acid", group: "river-events", isToggle: false },
	{ name: "storm", group: "river-events", isToggle: false },
	{ name: "collector", group: "everybody", isToggle: true },
] as const);

export type ActionName = (typeof ACTIONS)[number]["name"];

export const SPEEDS = Object.freeze([1, 10, 60, 120, 600, 3600]);

/** Something that was done, as people read it. */
export interface Mark {
	readonly id: number;
	readonly utcSeconds: number;
	/** Undefined: of everybody. */
	readonly station: string | undefined;
	/** Key of its words, after "did-". */
	readonly key: string;
}

export interface PlaygroundStation {
	readonly name: string;
	readonly station: SimulatedStation;
	readonly river: PlayedRiver;
}

export interface PlaygroundOptions {
	readonly stations: readonly PlaygroundStation[];
	/** How far the world has come, Unix seconds. */
	readonly nowUtcSeconds: () => number;
	/** The world has something new to do. */
	readonly onActivity: () => void;
	readonly collector: {
		readonly isUp: boolean;
		kill(): Promise<void>;
		start(): Promise<void>;
	};
	readonly pace: { speed: number };
}

/** Until the network is given back. */
const FOREVER_MILLISECONDS = 100 * 365 * 86_400_000;
const OUTAGE_SECONDS = 600;
const CLOCK_JUMP_SECONDS = 3600;
/** Of slime that a summer leaves (disturbances.ts): a film over the optics, a tenth of the cell, a slow electrode. */
const SLIME = Object.freeze({ film: 25, cellPart: 0.9, slowness: 8 });
/** Older ones are forgotten. */
const MARKS_MAX = 500;

export class Playground {
	readonly marks: Mark[] = [];
	readonly #options: PlaygroundOptions;
	readonly #on = new Set<string>();
	#marked = 0;
	#isPaused = false;
	#speed: number;
	/** Deeds about the collector, one after the other. */
	#turn: Promise<void> = Promise.resolve();

	constructor(options: PlaygroundOptions) {
		this.#options = options;
		this.#speed = options.pace.speed;
	}

	get stations(): readonly PlaygroundStation[] {
		return this.#options.stations;
	}

	get nowUtcSeconds(): number {
		return this.#options.nowUtcSeconds();
	}

	get isCollectorUp(): boolean {
		return this.#options.collector.isUp;
	}

	/** Somebody did something: the run is no function of its seed. */
	get wasUsed(): boolean {
		return this.#marked > 0;
	}

	get isPaused(): boolean {
		return this.#isPaused;
	}

	/** Seconds of the world in one second of ours, while it is not paused. */
	get speed(): number {
		return this.#speed;
	}

	setPace(speed: number, isPaused: boolean): void {
		this.#speed = speed;
		this.#isPaused = isPaused;
		this.#options.pace.speed = isPaused ? 0 : speed;
		this.#options.onActivity();
	}

	isOn(action: string, station: string): boolean {
		if (action === "collector") return !this.isCollectorUp;
		return this.#on.has(`${station} ${action}`);
	}

	/** Does it; a toggle is turned. */
	async act(action: ActionName, { name, station, river }: PlaygroundStation): Promise<void> {
		if (action === "collector") return this.#turnCollector();
		const now = this.nowUtcSeconds;
		catchUp(station, now);
		const row = ACTIONS.find((each) => each.name === action);
		const isOn = row?.isToggle === true ? this.#toggled(`${name} ${action}`) : undefined;
		switch (action) {
			case "network":
				station.network.rebootAccessPoint(isOn === true ? FOREVER_MILLISECONDS : 0);
				break;
			case "power":
				station.cutPowerNow(OUTAGE_SECONDS);
				break;
			case "foul":
				Object.assign(station.hardware.hands.ailments, isOn === true ? SLIME : noAilments());
				break;
			case "dry":
				station.hardware.hands.medium = isOn === true ? AIR_MEDIUM : undefined;
				break;
			case "clock":
				station.hardware.chips.rtc.setUtc(Math.floor(now) + CLOCK_JUMP_SECONDS);
				break;
			case "upload":
				station.pressServiceButton();
				break;
			case "acid":
				river.pour(now);
				break;
			case "storm":
				river.rain(now);
		}
		this.#mark(name, isOn === undefined ? action : `${action}-${isOn ? "on" : "off"}`);
		this.#options.onActivity();
	}

	/** What keeps stations from delivering ends: the run is to end well. */
	async restore(): Promise<void> {
		for (const { name, station } of this.stations)
			if (this.#on.delete(`${name} network`)) station.network.rebootAccessPoint(0);
		await this.#turn;
		await this.#options.collector.start();
	}

	#turnCollector(): Promise<void> {
		const { collector } = this.#options;
		const turned = this.#turn.then(async () => {
			if (collector.isUp) {
				await collector.kill();
				this.#mark(undefined, "collector-on");
			} else {
				await collector.start();
				this.#mark(undefined, "collector-off");
			}
		});
		this.#turn = turned.catch(() => {});
		return turned;
	}

	#toggled(key: string): boolean {
		if (this.#on.delete(key)) return false;
		this.#on.add(key);
		return true;
	}

	#mark(station: string | undefined, key: string): void {
		const utcSeconds = this.nowUtcSeconds;
		this.marks.push({ id: ++this.#marked, utcSeconds, station, key });
		if (this.marks.length > MARKS_MAX) this.marks.shift();
	}
}
