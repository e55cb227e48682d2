/* Measures what it takes to check a certificate offline with the roster alone, as `aims verify`
 * does between reading the files and printing. Prints one line of JSON: microseconds of processor
 * time, the least and at the median.
 *
 *     certificate_bench CERTIFICATE ROSTER */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/check.h"
#include "formats/json.h"
#include "report/certificate.h"

#define REPEATS     200
#define MEMORY_SIZE (64U * 1024 * 1024)

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

static bool read_file(const char *path, struct buffer *out, struct error *error)
{
    uint8_t chunk[4096];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        return error_set(error, ERROR_NOT_FOUND, "cannot open '%s'", path);
    }
    while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0 && out->size < ROSTER_SIZE_MAX * 2U) {
        buffer_append(out, chunk, size);
    }
    (void)fclose(file);
    return true;
}

/* Checks the certificate once more, the roster being read anew; SIGNERS: how many seats signed. */
static bool check_once(struct bytes certificate, struct bytes roster, uint64_t *took_ns,
                       size_t *signers, struct error *error)
{
    struct arena *arena = arena_create(MEMORY_SIZE);
    struct certificate *checked = NULL;
    struct roster council;
    uint64_t start_ns = now_ns();
    bool is_ok = roster_parse(roster, "roster", arena, &council, error) &&
                 certificate_check(certificate, "certificate", &council, arena, &checked, error);

    if (is_ok) {
        *took_ns = now_ns() - start_ns;
        *signers = checked->vote_count;
    }
    arena_destroy(arena);
    return is_ok;
}

static void print(uint64_t *times, size_t signers)
{
    struct json *json = json_object();
    struct buffer out = {0};

    qsort(times, REPEATS, sizeof(*times), compare);
    json_set(json, "least", json_integer((int64_t)(times[0] / 1000)));
    json_set(json, "p50", json_integer((int64_t)(times[REPEATS / 2] / 1000)));
    json_set(json, "repeats", json_integer(REPEATS));
    json_set(json, "signers", json_integer((int64_t)signers));
    json_write(json, &out);
    puts(buffer_text(&out));
    json_destroy(json);
    buffer_finish(&out);
}

int main(int argc, char **argv)
{
    static uint64_t times[REPEATS];
    struct buffer certificate = {0};
    struct buffer roster = {0};
    struct error error;
    size_t signers = 0;
    bool is_ok = true;

    if (argc != 3) {
        fputs("usage: certificate_bench CERTIFICATE ROSTER\n", stderr);
        return 2;
    }
    keys_library_init();
    is_ok = read_file(argv[1], &certificate, &error) && read_file(argv[2], &roster, &error);
    for (size_t i = 0; is_ok && i < REPEATS; i++) {
        is_ok = check_once(buffer_bytes(&certificate), buffer_bytes(&roster), &times[i], &signers,
                           &error);
    }
    if (is_ok) {
        print(times, signers);
    } else {
        fprintf(stderr, "certificate_bench: %s\n", error.message);
    }
    buffer_finish(&certificate);
    buffer_finish(&roster);
    return is_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
