/** What a verifier is asked, and what it finds. */

export type FindingKind =
	| "malformed"
	| "newer-version"
	| "bad-signature"
	| "wrong-station"
	/** Signed by a key that may not sign this epoch, or no more. */
	| "key"
	| "reordered"
	| "conflict"
	| "fork"
	/** An epoch that does not begin or end as it must. */
	| "origin"
	/** A gap entry over numbers that are not lost, or that never were. */
	| "gap"
	| "unreadable"
	| "row"
	| "table"
	| "file";

/** Something that is not as an honest record is. */
export interface Finding {
	readonly kind: FindingKind;
	/** Line, byte or batch, as the caller of `add` said; else the place, EPOCH/SEQUENCE, or a table's row. */
	readonly where: string;
	readonly text: string;
}

export interface VerifierKey {
	/** SEC 1 compressed P-256 point, 33 bytes. */
	readonly publicKey: Uint8Array;
	/** Unix seconds from which on its signatures are not believed; undefined: it is not revoked. */
	readonly revokedAtUtcSeconds?: number | undefined;
}

export interface VerifierPart {
	readonly epoch: number;
	readonly first: number;
	/** Undefined: to the last that is known of. */
	readonly last?: number | undefined;
}
