#include "crypto/keys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/disk.h"
#include "base/encode.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "crypto/secrets.h"

#define TEXT_SIZE HEX_SIZE(KEYS_SEED_SIZE) /* Bytes of a seed file: the hex and a line feed. */
#define SPKI_SIZE 44                       /* Bytes of a DER SubjectPublicKeyInfo. */

enum { SUBKEY_SIGNING = 1, SUBKEY_SEALING = 2, SUBKEY_TRANSPORT = 3 };

static_assert(KEYS_SEED_SIZE == crypto_kdf_KEYBYTES, "the seed is the key of the derivation");
static_assert(KEYS_SEED_SIZE == crypto_sign_SEEDBYTES, "a sub-key is an Ed25519 seed");
static_assert(SECRETS_SIGNING_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519 secret");
static_assert(SECRETS_X25519_SIZE == crypto_scalarmult_SCALARBYTES, "X25519 secret");
static_assert(KEYS_PUBLIC_SIZE == crypto_scalarmult_BYTES, "X25519 public key");

void keys_library_init(void)
{
    int result = sodium_init(); /* 1: it was done before. */

    CHECK(result >= 0);
}

static void derive(const uint8_t seed[KEYS_SEED_SIZE], uint64_t number, uint8_t out[KEYS_SEED_SIZE])
{
    static_assert(sizeof("aimsseed") == crypto_kdf_CONTEXTBYTES + 1, "a context is 8 bytes");
    int result = crypto_kdf_derive_from_key(out, KEYS_SEED_SIZE, number, "aimsseed", seed);

    CHECK(result == 0);
}

struct keys *keys_from_seed(const uint8_t seed[KEYS_SEED_SIZE])
{
    struct keys *keys = seal_alloc(sizeof(*keys));
    uint8_t *signing_seed = seal_alloc(KEYS_SEED_SIZE);

    derive(seed, SUBKEY_SIGNING, signing_seed);
    int result = crypto_sign_seed_keypair(keys->public.signing, keys->signing, signing_seed);
    seal_free(signing_seed);
    CHECK(result == 0);

    derive(seed, SUBKEY_SEALING, keys->sealing);
    result = crypto_scalarmult_base(keys->public.sealing, keys->sealing);
    CHECK(result == 0);

    derive(seed, SUBKEY_TRANSPORT, keys->transport);
    result = crypto_scalarmult_base(keys->public.transport, keys->transport);
    CHECK(result == 0);
    return keys;
}

void keys_destroy(struct keys *keys)
{
    seal_free(keys);
}

static bool write_seed(int fd, const char *path, const uint8_t seed[KEYS_SEED_SIZE],
                       struct error *error)
{
    char *text = seal_alloc(TEXT_SIZE);

    encode_hex(bytes_of(seed, KEYS_SEED_SIZE), text);
    text[TEXT_SIZE - 1] = '\n';
    ssize_t written = write(fd, text, TEXT_SIZE);
    seal_free(text);
    if (written < 0 || fsync(fd) != 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    if (written != (ssize_t)TEXT_SIZE) {
        return error_set(error, ERROR_IO, "%s: only %zd of %d bytes were written", path, written,
                         TEXT_SIZE);
    }
    return disk_sync_parent(path, error);
}

bool keys_create(const char *path, struct keys **out, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        return error_set(error, errno == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    uint8_t *seed = seal_alloc(KEYS_SEED_SIZE);

    seal_random(seed, KEYS_SEED_SIZE);
    bool is_ok = write_seed(fd, path, seed, error);

    if (is_ok) {
        *out = keys_from_seed(seed);
    } else {
        (void)unlink(path);
    }
    seal_free(seed);
    (void)close(fd);
    return is_ok;
}

/* Asked of the open descriptor, so that what is checked is what is read. */
static bool check_seed_file(int fd, const char *path, struct error *error)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, ERROR_INVALID, "%s: a seed is a regular file", path);
    }
    if ((status.st_mode & 077) != 0) {
        return error_set(error, ERROR_DENIED,
                         "%s: mode is %04o; a seed is for its owner only, "
                         "want 0600 or 0400",
                         path, (unsigned)(status.st_mode & 07777));
    }
    return true;
}

static bool read_seed(int fd, const char *path, struct keys **out, struct error *error)
{
    char *text = seal_alloc(TEXT_SIZE + 1); /* One more, to notice a longer file. */
    uint8_t *seed = seal_alloc(KEYS_SEED_SIZE);
    ssize_t size = read(fd, text, TEXT_SIZE + 1);
    bool is_seed = size == (ssize_t)TEXT_SIZE && text[TEXT_SIZE - 1] == '\n';

    if (size < 0) {
        error_record(error, ERROR_IO, "%s: %s", path, strerror(errno));
    } else {
        if (is_seed) {
            text[TEXT_SIZE - 1] = '\0';
            is_seed = encode_from_hex(text, seed, KEYS_SEED_SIZE);
        }
        if (is_seed) {
            *out = keys_from_seed(seed);
        } else {
            error_record(error, ERROR_INVALID,
                         "%s: want %d hex characters and a line feed, nothing else", path,
                         TEXT_SIZE - 1);
        }
    }
    seal_free(seed);
    seal_free(text);
    return is_seed;
}

bool keys_open(const char *path, struct keys **out, struct error *error)
{
    /* Without O_NONBLOCK a pipe put in place of the file would hold us here for ever. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == ELOOP) {
        return error_set(error, ERROR_DENIED, "%s: is a symbolic link; name the seed file itself",
                         path);
    }
    if (fd < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    bool is_ok = check_seed_file(fd, path, error) && read_seed(fd, path, out, error);

    (void)close(fd);
    return is_ok;
}

const struct keys_public *keys_public(const struct keys *keys)
{
    return &keys->public;
}

const uint8_t *keys_transport_secret(const struct keys *keys)
{
    return keys->transport;
}

/* RFC 8410: a constant prefix and the key. */
static void encode_spki(const uint8_t signing[KEYS_PUBLIC_SIZE], uint8_t out[SPKI_SIZE])
{
    static const uint8_t prefix[SPKI_SIZE - KEYS_PUBLIC_SIZE] = {
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

    memcpy(out, prefix, sizeof(prefix));
    memcpy(out + sizeof(prefix), signing, KEYS_PUBLIC_SIZE);
}

void keys_keyid(const uint8_t signing[KEYS_PUBLIC_SIZE], char out[KEYS_KEYID_SIZE])
{
    uint8_t spki[SPKI_SIZE];
    struct digest digest;

    static_assert(KEYS_KEYID_SIZE == DIGEST_HEX_SIZE, "a keyid is a digest in hex");
    encode_spki(signing, spki);
    hash_bytes(bytes_of(spki, sizeof(spki)), &digest);
    (void)encode_digest(&digest, out);
}

bool keys_signing_is_valid(const uint8_t signing[KEYS_PUBLIC_SIZE])
{
    return crypto_core_ed25519_is_valid_point(signing) == 1;
}
