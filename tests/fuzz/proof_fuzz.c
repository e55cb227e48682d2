/* Everything that a stranger can hand to `aims verify-misconduct`, in a council of one. What proves
 * something must prove the same when it is written again.
 *
 * An input of sections is signed here first, or no input would ever get behind a signature: one
 * section named by the payload type for each message, then perhaps one for each docket; the line
 * feed before the next section is not part of the payload. */

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "crypto/sign.h"
#include "report/proof.h"
#include "tests/fuzz/sections.h"
#include "tests/report/fixture.h"

#define ARENA_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_check(const struct fixture *fixture, const struct proof *proof,
                            struct arena *arena)
{
    struct buffer file = {0};
    struct buffer again = {0};
    struct proof out;
    struct error error;

    proof_write(&fixture->roster, proof, &file);
    CHECK(proof_check(buffer_bytes(&file), "proof", &fixture->roster, arena, &out, &error));
    CHECK(out.kind == proof->kind);
    CHECK(out.is_seat == proof->is_seat);
    CHECK(digest_equal(&out.docket, &proof->docket));
    proof_write(&fixture->roster, &out, &again);
    CHECK(bytes_equal(buffer_bytes(&file), buffer_bytes(&again)));
    buffer_finish(&file);
    buffer_finish(&again);
}

static struct message_signed sign_section(const struct fixture *fixture,
                                          const struct section *section)
{
    bool is_home = strcmp(section->name, MESSAGE_TYPE_DOCKET) == 0 ||
                   strcmp(section->name, MESSAGE_TYPE_PROPOSE) == 0;
    bool has_line = section->size > 0 && section->data[section->size - 1] == '\n';
    struct message_signed message = {.payload = {section->data, section->size - has_line}};

    sign_payload(is_home ? fixture->coordinator : fixture->seats[0], section->name, message.payload,
                 message.signature);
    return message;
}

static void try_messages(struct bytes input, const struct fixture *fixture, struct arena *arena)
{
    struct sections sections;
    struct error error;

    sections_split(input, &sections);
    if (sections.count >= 2) {
        const char *type = sections.items[0].name;
        struct proof proof = {.is_seat = strcmp(type, MESSAGE_TYPE_DOCKET) != 0 &&
                                         strcmp(type, MESSAGE_TYPE_PROPOSE) != 0,
                              .first_type = type,
                              .second_type = sections.items[1].name,
                              .first = sign_section(fixture, &sections.items[0]),
                              .second = sign_section(fixture, &sections.items[1])};

        for (size_t i = 2; i < sections.count && i < 4; i++) {
            proof.dockets[i - 2] = sign_section(fixture, &sections.items[i]);
        }
        if (proof_judge(&fixture->roster, &proof, arena, &error)) {
            write_and_check(fixture, &proof, arena);
        }
    }
    sections_free(&sections);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture *fixture;
    struct bytes input = bytes_of(data, size);
    struct proof proof;
    struct error error;

    if (fixture == NULL) {
        fixture = fixture_create(1, 0, 1, fixture_catalog());
    }
    struct arena *arena = arena_create(ARENA_MAX);

    if (proof_check(input, "proof", &fixture->roster, arena, &proof, &error)) {
        write_and_check(fixture, &proof, arena);
    }
    try_messages(input, fixture, arena);
    arena_destroy(arena);
    return 0;
}
