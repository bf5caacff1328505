/**
 * Whether what a client sent first is a whole TLS ClientHello. A handshake's work for this side is the answer to that; so a
 * client that holds back a part of it must not have its turn before all is there.
 */

/** RFC 8446, section 5.1: type, version, length. */
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_RECORD = 22;
/** Of a client with many extensions and post-quantum key shares 2 KB; what is longer is not waited for. */
const HELLO_BYTES_MAX = 8192;

/** False: more of its first record is to come. What is no handshake at all is for TLS to refuse. */
export function isWholeHello(bytes: Uint8Array): boolean {
	const [type = 0, , , high = 0, low = 0] = bytes;
	if (bytes.length > 0 && type !== HANDSHAKE_RECORD) return true;
	if (bytes.length < RECORD_HEADER_BYTES) return false;
	const whole = RECORD_HEADER_BYTES + 256 * high + low;
	return whole > HELLO_BYTES_MAX || bytes.length >= whole;
}
