/*
 * y of a P-256 point from x. Plain C without a library, so that it can be tried on any machine; one
 * decompression is about 300 multiplications of up to 512 additions each.
 */
#include "p256-point.h"

#include <string.h>

#define WORDS 8

typedef struct { uint32_t w[WORDS]; } number; /* little-endian words */

/* p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (SP 800-186, 3.2.1.3) */
static const number P = {{
	0xffffffff, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000, 0x00000000, 0x00000001, 0xffffffff,
}};
static const number B = {{
	0x27d2604b, 0x3bce3c3e, 0xcc53b0f6, 0x651d06b0, 0x769886bc, 0xb3ebbd55, 0xaa3a93e7, 0x5ac635d8,
}};
/* (p + 1) / 4 = 2^254 - 2^222 + 2^190 + 2^94: p is 3 modulo 4, so this power is a square root */
static const number ROOT = {{
	0x00000000, 0x00000000, 0x40000000, 0x00000000, 0x00000000, 0x40000000, 0xc0000000, 0x3fffffff,
}};

static int below(const number *a, const number *b)
{
	for (int i = WORDS - 1; i >= 0; i--)
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i];
	return 0;
}

static uint32_t add(number *r, const number *a, const number *b)
{
	uint64_t carry = 0;
	for (int i = 0; i < WORDS; i++) {
		carry += (uint64_t)a->w[i] + b->w[i];
		r->w[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return (uint32_t)carry;
}

static void subtract(number *r, const number *a, const number *b)
{
	uint64_t borrow = 0;
	for (int i = 0; i < WORDS; i++) {
		uint64_t difference = (uint64_t)a->w[i] - b->w[i] - borrow;
		r->w[i] = (uint32_t)difference;
		borrow = (difference >> 32) & 1;
	}
}

static void add_modulo(number *r, const number *a, const number *b)
{
	number sum;
	if (add(&sum, a, b) || !below(&sum, &P))
		subtract(&sum, &sum, &P);
	*r = sum;
}

static void subtract_modulo(number *r, const number *a, const number *b)
{
	number difference;
	int wraps = below(a, b);
	subtract(&difference, a, b);
	if (wraps)
		add(&difference, &difference, &P);
	*r = difference;
}

static void multiply_modulo(number *r, const number *a, const number *b)
{
	number product = {{0}};
	for (int bit = 255; bit >= 0; bit--) {
		add_modulo(&product, &product, &product);
		if ((b->w[bit >> 5] >> (bit & 31)) & 1)
			add_modulo(&product, &product, a);
	}
	*r = product;
}

static void load(number *r, const uint8_t *bytes)
{
	for (int i = 0; i < WORDS; i++) {
		const uint8_t *at = bytes + 4 * (WORDS - 1 - i);
		r->w[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	}
}

static void store(uint8_t *bytes, const number *a)
{
	for (int i = 0; i < WORDS; i++) {
		uint8_t *at = bytes + 4 * (WORDS - 1 - i);
		at[0] = (uint8_t)(a->w[i] >> 24);
		at[1] = (uint8_t)(a->w[i] >> 16);
		at[2] = (uint8_t)(a->w[i] >> 8);
		at[3] = (uint8_t)a->w[i];
	}
}

int p256_decompress(const uint8_t *compressed, uint8_t *uncompressed)
{
	number x, square, y = {{1}}, check;
	if (compressed[0] != 2 && compressed[0] != 3)
		return -1;
	load(&x, compressed + 1);
	if (!below(&x, &P))
		return -1;

	/* x^3 - 3x + b */
	multiply_modulo(&square, &x, &x);
	multiply_modulo(&square, &square, &x);
	for (int i = 0; i < 3; i++)
		subtract_modulo(&square, &square, &x);
	add_modulo(&square, &square, &B);

	for (int bit = 255; bit >= 0; bit--) {
		multiply_modulo(&y, &y, &y);
		if ((ROOT.w[bit >> 5] >> (bit & 31)) & 1)
			multiply_modulo(&y, &y, &square);
	}
	multiply_modulo(&check, &y, &y);
	if (memcmp(&check, &square, sizeof check) != 0)
		return -1;
	/* y = 0 has no odd twin; no point of P-256 has it, its order being prime. */
	if ((y.w[0] & 1) != (compressed[0] & 1u))
		subtract(&y, &P, &y);

	uncompressed[0] = 4;
	store(uncompressed + 1, &x);
	store(uncompressed + 33, &y);
	return 0;
}
