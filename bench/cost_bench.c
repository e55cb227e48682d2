/* Measures what a signature costs to make and to verify here. Prints one line of JSON: microseconds
 * of processor time, the least and at the median. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "crypto/sign.h"
#include "formats/json.h"

#define REPEATS      2000
#define PAYLOAD_SIZE 1024 /* Bytes: about a statement on one case. */
#define TYPE         "application/vnd.aims-council.bench"

static uint64_t now_ns(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The figures of TIMES, which are sorted on the way. */
static struct json *summary(uint64_t *times)
{
    struct json *json = json_object();

    qsort(times, REPEATS, sizeof(*times), compare);
    json_set(json, "least", json_integer((int64_t)(times[0] / 1000)));
    json_set(json, "p50", json_integer((int64_t)(times[REPEATS / 2] / 1000)));
    return json;
}

int main(void)
{
    static const uint8_t seed[KEYS_SEED_SIZE] = {1};
    static uint64_t signing[REPEATS];
    static uint64_t verifying[REPEATS];
    uint8_t payload[PAYLOAD_SIZE] = {0};
    uint8_t signature[SIGN_SIZE];
    struct buffer out = {0};

    keys_library_init();
    struct keys *keys = keys_from_seed(seed);

    for (size_t i = 0; i < REPEATS; i++) {
        uint64_t start = now_ns();

        memcpy(payload, &i, sizeof(i));
        sign_payload(keys, TYPE, bytes_of(payload, sizeof(payload)), signature);
        uint64_t between = now_ns();
        bool is_valid = sign_verify(keys_public(keys)->signing, TYPE,
                                    bytes_of(payload, sizeof(payload)), signature);

        verifying[i] = now_ns() - between;
        signing[i] = between - start;
        CHECK(is_valid);
    }
    struct json *json = json_object();

    json_set(json, "repeats", json_integer(REPEATS));
    json_set(json, "sign", summary(signing));
    json_set(json, "verify", summary(verifying));
    json_write(json, &out);
    puts(buffer_text(&out));
    json_destroy(json);
    buffer_finish(&out);
    keys_destroy(keys);
    return EXIT_SUCCESS;
}
