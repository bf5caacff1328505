/* Decompression of a P-256 point (SEC 1, 2.3.4): PSA takes uncompressed keys only. */
#ifndef BISTRINA_P256_POINT_H
#define BISTRINA_P256_POINT_H

#include <stdint.h>

/* compressed: 33 bytes, 02 or 03 and x. uncompressed: 65 bytes, 04, x, y. 0 on success, -1 if there
   is no such point. Not constant in time: public keys only. */
int p256_decompress(const uint8_t *compressed, uint8_t *uncompressed);

#endif
