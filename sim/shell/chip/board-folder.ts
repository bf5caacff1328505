/**
 * A simulated board that is files in a folder: its whole flash, and what its clock, battery and RTC memory were when it
 * was let go. Bare where the folder is new; the next command meets the same board.
 */
import { randomBytes, randomInt } from "node:crypto";
import { OperationalError } from "../../../src/host/errors.js";
import type { ControlledPort } from "../../../src/technician/controlled-port.js";
import { SimulatedFlash } from "../../flash/flash.js";
import type { SavedStation } from "../../station/station-state.js";
import { DATA_FORMAT_VERSION, DataDirectory, type SavedWorld } from "../data-directory.js";
import { openImageFile } from "../image-file.js";
import { BoardPowerCycle, boardRandom } from "./board-power-cycle.js";
import { type ChipProgram, SimulatedChip, STRAP_MILLISECONDS } from "./chip.js";
import { chipPort } from "./chip-port.js";
import { contentsOf } from "./flash-contents.js";
import { loaderFlashOf } from "./nor-chip.js";

/** Until IO0 was sampled, whoever serves the line. */
const BOOT_MILLISECONDS = 150;
const FLASH_FILE = "station-board.flash";
const SECTOR_BYTES = 4096;
const FLASH_BYTES = 8 * 1024 * 1024;
/** Espressif's. */
const MAC_MAKER: readonly number[] = Object.freeze([0x24, 0x0a, 0xc4]);
/** As the world of `npm start` has its scenario's name: that program must not take this folder for its own. */
const KIND = "board";

interface SavedBoard extends SavedWorld {
	readonly macHex: string;
}

/** Opens or makes the board. Throws OperationalError for a folder that holds something else, or is in use. */
export async function openSimulatedBoard(
	folder: string,
	print: (text: string) => void,
	strapMilliseconds?: number,
): Promise<ControlledPort> {
	if (folder === "") throw new OperationalError("board: names a folder: board:my-board");
	const directory = DataDirectory.open(folder);
	const found = directory.readWorld();
	if (found !== undefined && found.scenario !== KIND) {
		directory.release();
		throw new OperationalError(`${folder}: a world of npm start, no board; choose another folder`);
	}
	if (found === undefined) print(`${folder}: a bare board, new`);
	const board = new FolderBoard(directory, found as SavedBoard | undefined, strapMilliseconds);
	await board.powerOn();
	return board.port;
}

class FolderBoard {
	readonly port: ControlledPort;
	readonly #directory: DataDirectory;
	readonly #file;
	readonly #flash: SimulatedFlash;
	readonly #chip: SimulatedChip;
	readonly #world: SavedBoard;
	#saved: SavedStation | undefined;
	#powerCycle: BoardPowerCycle | undefined;
	/** What a power cycle leaves is known only after it has ended. */
	#ending: Promise<void> = Promise.resolve();

	constructor(
		directory: DataDirectory,
		found: SavedBoard | undefined,
		strapMilliseconds = STRAP_MILLISECONDS,
	) {
		this.#directory = directory;
		this.#world = found ?? newBoard();
		this.#saved = (found?.stations[0] ?? undefined) as SavedStation | undefined;
		this.#save();
		this.#file = openImageFile(directory.file(FLASH_FILE), FLASH_BYTES);
		this.#flash = new SimulatedFlash({
			sectors: FLASH_BYTES / SECTOR_BYTES,
			random: boardRandom(this.#world.seed),
			image: this.#file.image,
		});
		const write = (offset: number, bytes: Uint8Array): void => this.#file.write(offset, bytes);
		this.#chip = new SimulatedChip({
			chip: "esp32",
			strapMilliseconds,
			mac: new Uint8Array(Buffer.from(this.#world.macHex, "hex")),
			flash: loaderFlashOf(this.#flash, write),
			later: (milliseconds, callback) => {
				setTimeout(callback, milliseconds);
			},
			boot: (send) => this.#boot(send),
		});
		this.port = chipPort(this.#chip, `board:${directory.path}`, () => this.#close());
	}

	/** The board has power all the time; a station that ran continues where it was. */
	async powerOn(): Promise<void> {
		this.#chip.powerOn();
		await new Promise((resolve) => setTimeout(resolve, BOOT_MILLISECONDS));
		await this.#powerCycle?.catchUp();
	}

	#boot(send: (bytes: Uint8Array) => void): ChipProgram | undefined {
		const contents = contentsOf(this.#flash.bytes);
		const complain = (text: string): undefined => {
			send(new TextEncoder().encode(text));
			return undefined;
		};
		if ("complaint" in contents) return complain(contents.complaint);
		this.#flash.beforeOperation = undefined;
		const powerCycle = BoardPowerCycle.open({
			flash: this.#flash,
			contents,
			seed: this.#world.seed,
			originUtcSeconds: this.#world.startUtcSeconds,
			saved: this.#saved,
			wallUtcSeconds: () => Date.now() / 1000,
			onChanged: (offset, bytes) => this.#file.write(offset, bytes),
			send,
		});
		if (powerCycle === undefined)
			return complain("E (71) boot: No bootable app partitions in the partition table\r\n");
		this.#powerCycle = powerCycle;
		return {
			receive: (bytes) => powerCycle.receive(bytes),
			stop: () => this.#end(true),
		};
	}

	#end(isReset: boolean): void {
		const powerCycle = this.#powerCycle;
		if (powerCycle === undefined) return;
		this.#powerCycle = undefined;
		this.#ending = powerCycle.end(isReset).then((saved) => {
			this.#saved = saved;
			this.#flash.beforeOperation = undefined;
			if (this.#flash.isDead) this.#flash.powerUp();
		});
	}

	async #close(): Promise<void> {
		this.#end(false);
		await this.#ending;
		this.#save();
		this.#file.close();
		this.#directory.release();
	}

	#save(): void {
		this.#directory.writeWorld({
			...this.#world,
			stations: this.#saved === undefined ? [] : [this.#saved],
		});
	}
}

function newBoard(): SavedBoard {
	return {
		bistrinaData: DATA_FORMAT_VERSION,
		seed: randomInt(1, 2 ** 31),
		riverFile: null,
		scenario: KIND,
		stationCount: 1,
		startUtcSeconds: Math.floor(Date.now() / 1000),
		wallSeconds: 0,
		stations: [],
		macHex: Buffer.from([...MAC_MAKER, ...randomBytes(3)]).toString("hex"),
	};
}
