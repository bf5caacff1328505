/** What a technician provisions a board with: a draft that is begun, shown and committed, or gone. */
import { StationError } from "../../core/errors.js";
import type { Signal } from "../../core/task.js";
import type { ConfigurationManager } from "../config/configuration-manager.js";
import { type Provisioning, ProvisioningDraft } from "../config/provisioning.js";
import type { Identity, ProvisioningLine, ProvisioningService } from "../console/service.js";
import type { Board } from "../ports.js";
import { provePossession } from "./identify.js";

export interface ProvisioningDraftsOptions {
	readonly board: Pick<Board, "sha256" | "image" | "signer">;
	readonly provisioning: Provisioning;
	readonly manager: ConfigurationManager;
	readonly journal: { readonly epoch: number };
	/** Once the answer is out. */
	readonly restart: () => void;
}

/** Ids of configurations: 16 bits, as readings name them. */
const ID_MAX = 0xffff;

export class ProvisioningDrafts implements ProvisioningService {
	readonly #options: ProvisioningDraftsOptions;
	#draft: ProvisioningDraft | undefined;

	constructor(options: ProvisioningDraftsOptions) {
		this.#options = options;
	}

	get missing(): readonly string[] {
		return this.#options.provisioning.missing;
	}

	get configurationId(): number {
		return this.#options.manager.configuration.id;
	}

	begin(): void {
		const { provisioning, manager } = this.#options;
		this.#draft = new ProvisioningDraft(provisioning.fields, manager.configuration);
	}

	set(field: string, at: number, text: string): number {
		const draft = this.#begun();
		draft.set(field, at, text);
		return draft.fields.get(field)?.length ?? 0;
	}

	show(): { readonly lines: readonly ProvisioningLine[]; readonly check: string } {
		const draft = this.#begun();
		const { sha256 } = this.#options.board;
		const lines: ProvisioningLine[] = [];
		for (const field of draft.fields.keys()) {
			const state = draft.isNew(field) ? "new" : "set";
			lines.push({ field, state, text: draft.shown(field, sha256) });
		}
		for (const { field, isMissing, rule } of draft.problems()) {
			lines.push({ field, state: isMissing ? "missing" : "wrong", text: rule });
		}
		return { lines, check: draft.check };
	}

	commit(check: string): number {
		const draft = this.#begun();
		const { board, provisioning, manager, restart } = this.#options;
		if (check !== draft.check)
			throw refused("not the draft that was shown: provision-show it again");
		const wrong = draft.problems().find(({ isMissing }) => !isMissing);
		if (wrong !== undefined) throw refused(wrong.rule);
		// A restart would be its end.
		if (board.image.isOnTrial)
			throw refused("the firmware is on trial; come back when it is confirmed");
		const id = manager.highestId + 1;
		if (id > ID_MAX) throw refused("no id is left for a configuration");
		provisioning.write(draft.fields, id);
		this.#draft = undefined;
		restart();
		return id;
	}

	identify(nonce: Uint8Array): Signal<Identity> {
		const { board, manager, journal } = this.#options;
		return provePossession(board, manager.configuration.station, journal.epoch, nonce);
	}

	drop(): void {
		this.#draft = undefined;
	}

	#begun(): ProvisioningDraft {
		const draft = this.#draft;
		if (draft === undefined) throw refused("no draft: provision-begin");
		return draft;
	}
}

function refused(what: string): StationError {
	return new StationError("configuration-invalid", what);
}
