/**
 * The local network that a simulated board's radio joins, whatever its name: the router at 192.168.1.1 gives addresses
 * to a station that has none, and lets out every station with one of 192.168.1.0/24. A station with another address is in the network,
 * as its radio says, and nothing that it sends is ever answered.
 */
import type {
	NameResolver,
	Network,
	Radio,
	RadioConstructor,
	StaticAddress,
} from "../../../src/firmware/ports.js";

const NETWORK = "192.168.1.";
const ROUTER = `${NETWORK}1`;
const MASK = "255.255.255.0";

export class LocalNetwork {
	readonly Radio: RadioConstructor;
	readonly resolver: NameResolver;
	/** The chip keeps it until it is told otherwise. */
	#given: StaticAddress | false = false;

	constructor({ link, resolver }: Pick<Network, "link" | "resolver">) {
		const local = this;
		this.Radio = class implements Radio {
			connection = 200;
			readonly #onChanged: () => void;

			constructor({ onChanged }: { onChanged: () => void }) {
				this.#onChanged = onChanged;
			}

			get RSSI(): number | undefined {
				return link.rssiDecibelMilliwatts;
			}

			configure({ static: given }: { static: StaticAddress | false }): void {
				local.#given = given;
			}

			connect(): void {
				this.connection = 300;
				link.connect((isUp) => {
					this.connection = isUp ? 500 : 200;
					this.#onChanged();
				});
			}

			disconnect(): void {
				this.connection = 200;
				link.disconnect();
			}

			close(): void {}
		};
		this.resolver = {
			resolve: (host, onDone) =>
				local.#isLetOut ? resolver.resolve(host, onDone) : { cancel: () => {} },
		};
	}

	get #isLetOut(): boolean {
		if (this.#given === false) return true;
		const { address, mask, gateway } = this.#given;
		return address.startsWith(NETWORK) && mask === MASK && gateway === ROUTER;
	}
}
