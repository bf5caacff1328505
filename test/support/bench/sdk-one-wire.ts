/**
 * The SDK's class `onewire` on the ESP32, over a simulated bus. It behaves as its C does, faults included:
 * Moddable SDK 8.2.3, modules/drivers/onewire/esp32/modonewire.c, on Espressif's component onewire_bus,
 * src/onewire_bus_impl_rmt.c, and ESP-IDF's esp_driver_rmt.
 */
import type { VirtualClock } from "../../../sim/board/clock.js";
import type { SimulatedOneWireBus } from "../../../sim/bus/one-wire-bus.js";
import type { SdkOneWire } from "../../../src/firmware/board/onewire.js";
import type { OneWire, OneWireOptions } from "../../../src/firmware/ports.js";

/** RMT channels of the ESP32, and how many a bus takes: one sends, one receives. */
const CHANNELS = 8;
const CHANNELS_OF_BUS = 2;
/** How long the component waits for an edge. */
const EDGE_MICROSECONDS_MAX = 1_000_000;

/** What would be a panic of the chip, and no exception that anybody could catch. */
export class ChipPanic extends Error {
	override readonly name = "ChipPanic";
}

export class SdkOneWireChip {
	/** What `onewire` exports. */
	readonly Bus: new (
		options: OneWireOptions,
	) => SdkOneWire;
	/** The adapter's part of native/station.c. */
	readonly native = {
		station_float: (): void => {
			this.isPulledUp = false;
		},
	};
	channelsTaken = 0;
	openedCount = 0;
	/** By the chip's own resistor, which feeds a probe that has no power. */
	isPulledUp = false;
	/** What the constructor throws, if anything: "no memory". */
	refusal: string | undefined;

	constructor(options: { readonly bus: SimulatedOneWireBus; readonly clock: VirtualClock }) {
		const { bus, clock } = options;
		const chip = this;
		this.Bus = class implements SdkOneWire {
			/** Host data: null after `close`, and nobody looks. */
			#port: OneWire | undefined;
			/** The receiver is armed and waits for an edge; rmt_receive refuses until the channel is new. */
			#isDeaf = false;

			constructor({ pin }: OneWireOptions) {
				if (chip.refusal !== undefined) throw new Error(chip.refusal);
				// The handle of a bus that could not be made is not null but whatever was in the memory.
				if (chip.channelsTaken + CHANNELS_OF_BUS > CHANNELS) throw new ChipPanic("no RMT channel");
				this.#port = new bus.connection.io({ pin });
				chip.channelsTaken += CHANNELS_OF_BUS;
				chip.openedCount++;
				// rmt_new_rx_channel pulls up, and the flag that would undo it is not set in modonewire.c.
				chip.isPulledUp = true;
				// Low until the channel runs: parts see a reset.
				this.#port.reset();
			}

			reset(): boolean {
				const port = this.#requirePort();
				return this.#seesEdges() && port.reset();
			}

			write(byte: number): void {
				const port = this.#requirePort();
				// xsmcToInteger, and the low eight bits of it.
				port.write(Uint8Array.of(typeof byte === "number" ? byte & 0xff : 0));
			}

			read(): number {
				const port = this.#requirePort();
				return this.#seesEdges() ? (new Uint8Array(port.read(1))[0] ?? 0) : 0;
			}

			close(): void {
				this.#requirePort().close();
				this.#port = undefined;
				chip.channelsTaken -= CHANNELS_OF_BUS;
				// rmt_del_channel resets the pin, which turns its pull-up on.
				chip.isPulledUp = true;
			}

			#seesEdges(): boolean {
				if (this.#isDeaf) return false;
				if (bus.wiring !== "short") return true;
				clock.consume(EDGE_MICROSECONDS_MAX);
				this.#isDeaf = true;
				return false;
			}

			#requirePort(): OneWire {
				if (this.#port === undefined) throw new ChipPanic("host data is null");
				return this.#port;
			}
		};
	}
}
