/* hash.c: from raw values to hashes.
 *
 * A string's hash is keyed with a secret, so that nobody outside the process can compute strings
 * that collide in it; a number's is not, because equal numbers of different types must agree.
 * CPython: Python/pyhash.c, Python/bootstrap_hash.c.
 */
#include "object.h"

#include <errno.h>
#include <math.h>
#include <sys/random.h>

/* ---- SipHash-1-3 -----------------------------------------------------------------------------
 * 1 round for each 8 bytes, 3 at the end. CPython: Python/pyhash.c, siphash13(). */

static inline uint64_t rotate_left(uint64_t x, int bits) {
    return (x << bits) | (x >> (64 - bits));
}

#define SIP_ROUND(v0, v1, v2, v3)                                                                  \
    do {                                                                                           \
        v0 += v1;                                                                                  \
        v2 += v3;                                                                                  \
        v1 = rotate_left(v1, 13) ^ v0;                                                             \
        v3 = rotate_left(v3, 16) ^ v2;                                                             \
        v0 = rotate_left(v0, 32);                                                                  \
        v2 += v1;                                                                                  \
        v0 += v3;                                                                                  \
        v1 = rotate_left(v1, 17) ^ v2;                                                             \
        v3 = rotate_left(v3, 21) ^ v0;                                                             \
        v2 = rotate_left(v2, 32);                                                                  \
    } while (0)

/* Eight bytes as a little-endian word, whatever this machine's order. */
static inline uint64_t load_le64(const unsigned char *p, size_t count) {
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)p[i] << (8 * i);
    return word;
}

uint64_t siphash13(uint64_t k0, uint64_t k1, const void *bytes, size_t length) {
    const unsigned char *p = bytes;
    uint64_t v0 = k0 ^ UINT64_C(0x736f6d6570736575); // "somepseudorandomlygeneratedbytes"
    uint64_t v1 = k1 ^ UINT64_C(0x646f72616e646f6d);
    uint64_t v2 = k0 ^ UINT64_C(0x6c7967656e657261);
    uint64_t v3 = k1 ^ UINT64_C(0x7465646279746573);
    uint64_t last = (uint64_t)length << 56; // the length's low byte closes the last word

    for (; length >= 8; length -= 8, p += 8) {
        uint64_t word = load_le64(p, 8);
        v3 ^= word;
        SIP_ROUND(v0, v1, v2, v3);
        v0 ^= word;
    }
    last |= load_le64(p, length);
    v3 ^= last;
    SIP_ROUND(v0, v1, v2, v3);
    v0 ^= last;
    v2 ^= 0xff;
    SIP_ROUND(v0, v1, v2, v3);
    SIP_ROUND(v0, v1, v2, v3);
    SIP_ROUND(v0, v1, v2, v3);
    return (v0 ^ v1) ^ (v2 ^ v3);
}

/* ---- The secret ------------------------------------------------------------------------------*/

static struct {
    bool ready;
    uint64_t k0, k1;
} secret;

/* CPython: Python/bootstrap_hash.c, lcg_urandom(): the same seed gives the same secret everywhere.
 */
static void lcg_urandom(uint32_t x, unsigned char *buffer, size_t size) {
    for (size_t i = 0; i < size; i++) {
        x = x * 214013 + 2531011;
        buffer[i] = (unsigned char)(x >> 16);
    }
}

/* Reads PYTHONHASHSEED once. Simplified: unset means 0, all runs alike, because demos are to be
 * repeatable; CPython takes it to mean "random". CPython: _Py_HashRandomization_Init(). */
static int secret_init(void) {
    unsigned char key[16] = {0};
    const char *text = getenv("PYTHONHASHSEED");
    if (text && strcmp(text, "random") == 0) {
        if (getentropy(key, sizeof key) < 0) {
            return error_set(OSError, "failed to get random numbers to initialize Python");
        }
    } else if (text && *text) {
        char *end;
        errno = 0;
        unsigned long long seed = strtoull(text, &end, 10); // "-5" is huge, with 32 bits, too
        if (*end || errno || seed > UINT32_MAX) {
            return error_set(ValueError, "PYTHONHASHSEED must be \"random\" or an integer in range "
                                         "[0; 4294967295]");
        }
        if (seed != 0) lcg_urandom((uint32_t)seed, key, sizeof key);
    }
    secret.k0 = load_le64(key, 8);
    secret.k1 = load_le64(key + 8, 8);
    secret.ready = true;
    return 0;
}

hash_t hash_bytes(const void *bytes, size_t length) {
    if (!secret.ready && secret_init() < 0) return -1;
    if (length == 0) return 0; // known to all anyway, and cheaper
    hash_t hash = (hash_t)siphash13(secret.k0, secret.k1, bytes, length);
    return hash == -1 ? -2 : hash;
}

/* ---- Numbers and addresses -------------------------------------------------------------------*/

enum {
    HASH_BITS = 61,
    HASH_INF = 314159,
};
#define HASH_MODULUS ((UINT64_C(1) << HASH_BITS) - 1)

/* The low four bits of an address are 0 (alignment): rotated to the top, they do not crowd a table.
 * CPython: Python/pyhash.c, _Py_HashPointer(). */
hash_t hash_pointer(const void *pointer) {
    uint64_t bits = (uint64_t)(uintptr_t)pointer;
    hash_t hash = (hash_t)rotate_left(bits, 60);
    return hash == -1 ? -2 : hash;
}

/* The double is m * 2^e exactly; 2^61 is 1 modulo 2^61 - 1, so multiplying by 2^e is a rotation of
 * 61 bits. The mantissa goes in 28 bits at a time. A NaN equals nothing, so it hashes as its
 * identity: if all hashed alike, a thousand NaNs in a set would make one long chain. CPython:
 * Python/pyhash.c, _Py_HashDouble(). */
hash_t hash_double(Object *self, double value) {
    if (isnan(value)) return hash_pointer(self);
    if (isinf(value)) return value > 0 ? HASH_INF : -HASH_INF;

    int exponent;
    double mantissa = frexp(fabs(value), &exponent);
    uint64_t x = 0;
    while (mantissa != 0) {
        x = ((x << 28) & HASH_MODULUS) | x >> (HASH_BITS - 28);
        mantissa *= 268435456.0; // 2^28
        exponent -= 28;
        uint64_t digit = (uint64_t)mantissa;
        mantissa -= (double)digit;
        x += digit;
        if (x >= HASH_MODULUS) x -= HASH_MODULUS;
    }
    exponent = exponent >= 0 ? exponent % HASH_BITS : HASH_BITS - 1 - ((-1 - exponent) % HASH_BITS);
    x = ((x << exponent) & HASH_MODULUS) | x >> (HASH_BITS - exponent);

    hash_t hash = value < 0 ? -(hash_t)x : (hash_t)x;
    return hash == -1 ? -2 : hash;
}
