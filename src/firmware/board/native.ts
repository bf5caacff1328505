/** The functions of native/station.c, as `mc/ffi` calls them: a buffer, where in it, how much. */
import FFI from "mc/ffi";

export interface Native {
	/** Monotonic milliseconds since the board got power, deep sleep included. */
	station_milliseconds(): number;
	/** esp_reset_reason_t, or 100 after the liveness deadline of `station_live`. */
	station_reset_reason(): number;
	/** 0 none, 1 timer, 2 pin. */
	station_wake_cause(): number;
	station_retained_bytes(): number;
	station_retained_read(into: ArrayBuffer, offset: number, byteLength: number): void;
	station_retained_write(from: ArrayBuffer, offset: number, byteLength: number): void;
	station_crash_bytes(): number;
	station_crash_read(into: ArrayBuffer, offset: number, byteLength: number): void;
	station_crash_write(from: ArrayBuffer, offset: number, byteLength: number): void;
	/** Does not return. Pins -1: none. */
	station_sleep(milliseconds: number, wakePin: number): void;
	station_restart(): void;
	/** Whether the idle processor may sleep lightly. */
	station_light_sleep(isAllowed: number): void;
	/** Restarts the board unless called again within `milliseconds`; feeds the task watchdog. */
	station_live(milliseconds: number): void;
	station_free_heap(): number;
	/** Configures a rail's pin, drives it and holds it, also through deep sleep. */
	station_rail(pin: number, level: number): void;
	/** Level of an input pin with pull-up. */
	station_level(pin: number): number;
	/** Both of a pin's pull resistors off; its direction and function stay. */
	station_float(pin: number): void;
	/** Frees a bus: 1 if data and clock are high afterwards. */
	station_bus_clear(port: number, data: number, clock: number): number;
	station_radio(isOn: number): void;
	station_random(into: ArrayBuffer, offset: number, byteLength: number): void;
	station_hash_begin(): void;
	station_hash_add(from: ArrayBuffer, offset: number, byteLength: number): void;
	/** 0, or why there is no digest. */
	station_hash_end(into: ArrayBuffer): number;
	/** Loads the station's key, drawing it at the first start. 0 on success. */
	station_key_public(into: ArrayBuffer): number;
	station_key_sign(digest: ArrayBuffer, offset: number, into: ArrayBuffer): number;
	/** 1 valid, 0 not, below 0 a failure. All three: buffer and offset. */
	station_key_verify(
		publicKey: ArrayBuffer,
		publicKeyOffset: number,
		digest: ArrayBuffer,
		digestOffset: number,
		signature: ArrayBuffer,
		signatureOffset: number,
	): number;
	/** 1 when this image runs for the first time since it was written and is not confirmed. */
	station_image_on_trial(): number;
	/** After the full cycle of a new image: keeps it, so that the bootloader does not roll back. */
	station_image_confirm(): void;
}

export function openNative(): Native {
	return new FFI() as unknown as Native;
}
