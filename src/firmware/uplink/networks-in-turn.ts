/**
 * Several Wi-Fi networks as one link: tried in their order, anew at every connection; the last one that fails is the
 * link's end. No reconnection but what the uplink asks for, and nothing after `disconnect`.
 */
import type { Alarm, Clock, NetworkLink, Radio, RadioConstructor, WiFiNetwork } from "../ports.js";

/** `connection` of the SDK's class: an address is there. In between it goes through 300 and 400. */
const CONNECTED_WITH_ADDRESS = 500;
const DISCONNECTED = 200;
/** Association and DHCP take 2 to 6 s. */
const CONNECT_MILLISECONDS_MAX = 30_000;
/** What a network has of the whole time when another one follows. */
const TRY_MILLISECONDS_MAX = 15_000;
/**
 * The radio says some time after the call that it has left a network, and says it to whoever listens then: the
 * next network would be taken for the one that was left (wifi-esp32.c, broadcastWiFiEvent).
 */
const LEAVE_MILLISECONDS = 500;

export interface NetworksInTurnOptions {
	readonly Radio: RadioConstructor;
	readonly clock: Clock;
	readonly networks: readonly WiFiNetwork[];
	/** Gives the radio power and takes it. */
	readonly power: (isOn: boolean) => void;
}

export class NetworksInTurn implements NetworkLink {
	readonly connectMillisecondsMax: number;
	readonly #options: NetworksInTurnOptions;
	readonly #alarm: Alarm;
	#due: (() => void) | undefined;
	#radio: Radio | undefined;
	#onChanged: ((isUp: boolean) => void) | undefined;
	#index = 0;
	/** Since it was begun: one that is lost then is the uplink's to begin again. */
	#wasUp = false;
	/** The radio keeps an address that it was given, whatever network comes next. */
	#isStatic = false;
	#nameServer: string | undefined;

	constructor(options: NetworksInTurnOptions) {
		this.#options = options;
		this.#alarm = options.clock.createAlarm(() => this.#due?.());
		this.connectMillisecondsMax = Math.max(
			CONNECT_MILLISECONDS_MAX,
			options.networks.length * (TRY_MILLISECONDS_MAX + LEAVE_MILLISECONDS),
		);
	}

	get isUp(): boolean {
		return this.#radio?.connection === CONNECTED_WITH_ADDRESS;
	}

	get rssiDecibelMilliwatts(): number | undefined {
		return this.isUp ? this.#radio?.RSSI : undefined;
	}

	get nameServer(): string | undefined {
		return this.#nameServer;
	}

	connect(onChanged: (isUp: boolean) => void): void {
		this.#options.power(true);
		this.#close();
		this.#onChanged = onChanged;
		this.#index = 0;
		this.#wasUp = false;
		this.#open();
	}

	disconnect(): void {
		if (this.#onChanged === undefined) return;
		this.#onChanged = undefined;
		this.#close();
		this.#options.power(false);
	}

	#open(): void {
		const { Radio: Made, networks } = this.#options;
		const { name = "", password = "", address: addressText = "" } = networks[this.#index] ?? {};
		const [address = "", mask = "", gateway = "", nameServer] = addressText.split(",");
		this.#nameServer = nameServer;
		const isStatic = addressText !== "";
		this.#later(TRY_MILLISECONDS_MAX, () => this.#goOn());
		try {
			const radio = new Made({ onChanged: () => this.#changed() });
			this.#radio = radio;
			if (isStatic || this.#isStatic) {
				radio.configure({ static: isStatic && { address, mask, gateway } });
				this.#isStatic = isStatic;
			}
			radio.connect({
				SSID: decoded(name),
				...(password === "" ? {} : { password: decoded(password) }),
			});
		} catch {
			// What the SDK says of it is "connect failed"; the next network may do.
			this.#later(0, () => this.#failed());
		}
	}

	#close(): void {
		this.#alarm.cancel();
		const radio = this.#radio;
		if (radio === undefined) return;
		this.#radio = undefined;
		try {
			radio.disconnect();
		} catch {
			// Not connected: there is nothing to end.
		}
		radio.close();
	}

	#changed(): void {
		const connection = this.#radio?.connection;
		if (connection === CONNECTED_WITH_ADDRESS) {
			this.#alarm.cancel();
			this.#wasUp = true;
			this.#onChanged?.(true);
		} else if (connection === DISCONNECTED) this.#failed();
	}

	#failed(): void {
		if (this.#wasUp || !this.#goOn()) this.#onChanged?.(false);
	}

	/** True when there is another network to try: in a turn of its own, not within the class's call. */
	#goOn(): boolean {
		if (this.#index + 1 >= this.#options.networks.length) return false;
		this.#index++;
		this.#later(0, () => {
			this.#close();
			this.#later(LEAVE_MILLISECONDS, () => this.#open());
		});
		return true;
	}

	#later(milliseconds: number, work: () => void): void {
		this.#due = work;
		this.#alarm.schedule(milliseconds);
	}
}

/** Percent-encoded UTF-8; bytes that are none stay as they were given. */
function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
