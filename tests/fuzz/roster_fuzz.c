/* Any bytes as roster.json: refused with a sentence that names the file, or exactly what
 * roster_write() makes of it. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/check.h"
#include "council/quorum.h"
#include "crypto/keys.h"
#include "proto/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(16 * 1024 * 1024);
    struct roster roster;
    struct error error = {0};
    struct buffer out = {0};

    keys_library_init();
    if (roster_parse(bytes_of(data, size), "input", arena, &roster, &error)) {
        roster_write(&roster, &out);
        CHECK(bytes_equal(buffer_bytes(&out), bytes_of(data, size)));
        CHECK(roster.faulty_max <= quorum_faulty_max(roster.seat_count));
        CHECK(roster.quorum_count > roster.seat_count / 2);
        buffer_finish(&out);
    } else {
        CHECK(strstr(error.message, "input") != NULL);
    }
    arena_destroy(arena);
    return 0;
}
