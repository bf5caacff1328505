/**
 * Whether what a client sent first is a whole TLS ClientHello. A handshake's work for this side is the answer to that; so a
 * client that holds back a part of it must not have its turn before all is there.
 */

/** RFC 8446, sections 5.1 and 4: type, version, length of the record; type and length of the message in it. */
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
/** Of a client with many extensions and post-quantum key shares 2 KB. */
const HELLO_BYTES_MAX = 8192;

/** `part`: more of it is to come; `none`: it is none, too long, or in several records, as no client sends it. */
export function helloState(bytes: Uint8Array): "whole" | "part" | "none" {
	const [type = HANDSHAKE_RECORD, , , high = 0, low = 0, message = CLIENT_HELLO] = bytes;
	if (type !== HANDSHAKE_RECORD || message !== CLIENT_HELLO) return "none";
	if (bytes.length < RECORD_HEADER_BYTES) return "part";
	const recordBytes = 256 * high + low;
	if (recordBytes < MESSAGE_HEADER_BYTES || recordBytes > HELLO_BYTES_MAX) return "none";
	if (bytes.length < RECORD_HEADER_BYTES + recordBytes) return "part";
	const [, , , , , , a = 0, b = 0, c = 0] = bytes;
	const messageBytes = 65_536 * a + 256 * b + c;
	return MESSAGE_HEADER_BYTES + messageBytes > recordBytes ? "none" : "whole";
}
