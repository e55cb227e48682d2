/* Any bytes as frame, payload and part: refused with a sentence, or something that survives being
 * encoded and decoded again. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/check.h"
#include "proto/codec.h"

#define ARENA_SIZE (32 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frame(struct bytes input, struct arena *arena)
{
    struct buffer first = {0};
    struct buffer second = {0};
    struct message message;
    struct error error = {0};

    if (!codec_frame_decode(input, arena, &message, &error)) {
        CHECK(error.message[0] != 0);
        return;
    }
    CHECK(codec_frame_encode(&message, &first, &error));
    CHECK(first.size <= input.size);
    CHECK(codec_frame_decode(buffer_bytes(&first), arena, &message, &error));
    CHECK(codec_frame_encode(&message, &second, &error));
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    buffer_finish(&first);
    buffer_finish(&second);
}

static void check_header(struct bytes input, struct arena *arena)
{
    struct message_header header;
    struct error error = {0};
    struct buffer out = {0};

    if (codec_payload_decode_header(input, arena, &header, &error)) {
        codec_payload_encode_header(&header, &out);
        CHECK(codec_payload_decode_header(buffer_bytes(&out), arena, &header, &error));
        buffer_finish(&out);
    }
}

static void check_docket(struct bytes input, struct arena *arena)
{
    struct message_docket docket;
    struct error error = {0};
    struct buffer out = {0};

    if (codec_payload_decode_docket(input, arena, &docket, &error)) {
        codec_payload_encode_docket(&docket, &out);
        CHECK(codec_payload_decode_docket(buffer_bytes(&out), arena, &docket, &error));
        buffer_finish(&out);
    }
}

static void check_verdict(struct bytes input, struct arena *arena)
{
    struct message_verdict verdict;
    struct error error = {0};
    struct buffer out = {0};

    if (codec_payload_decode_verdict(input, arena, &verdict, &error)) {
        codec_payload_encode_verdict(&verdict, &out);
        CHECK(codec_payload_decode_verdict(buffer_bytes(&out), arena, &verdict, &error));
        buffer_finish(&out);
    }
}

/* PROPOSE, PREPARE and NEW-VIEW hold no pointers: equal content is equal memory. */
static void check_votes(struct bytes input)
{
    struct message_propose propose[2] = {0};
    struct message_prepare prepare[2] = {0};
    struct message_new_view new_view[2] = {0};
    struct error error = {0};
    struct buffer out = {0};

    if (codec_payload_decode_propose(input, &propose[0], &error)) {
        codec_payload_encode_propose(&propose[0], &out);
        CHECK(codec_payload_decode_propose(buffer_bytes(&out), &propose[1], &error));
        CHECK(memcmp(&propose[0], &propose[1], sizeof(propose[0])) == 0);
    }
    buffer_clear(&out);
    if (codec_payload_decode_prepare(input, &prepare[0], &error)) {
        codec_payload_encode_prepare(&prepare[0], &out);
        CHECK(codec_payload_decode_prepare(buffer_bytes(&out), &prepare[1], &error));
        CHECK(memcmp(&prepare[0], &prepare[1], sizeof(prepare[0])) == 0);
    }
    buffer_clear(&out);
    if (codec_payload_decode_new_view(input, &new_view[0], &error)) {
        codec_payload_encode_new_view(&new_view[0], &out);
        CHECK(codec_payload_decode_new_view(buffer_bytes(&out), &new_view[1], &error));
        CHECK(memcmp(&new_view[0], &new_view[1], sizeof(new_view[0])) == 0);
    }
    buffer_finish(&out);
}

static void check_parts(struct bytes input, struct arena *arena)
{
    struct message_sheet sheet;
    struct message_qc qc;
    struct message_tc tc;
    struct error error = {0};
    struct buffer out = {0};

    if (codec_part_decode_sheet(input, arena, &sheet, &error)) {
        codec_part_encode_sheet(&sheet, &out);
        CHECK(codec_part_decode_sheet(buffer_bytes(&out), arena, &sheet, &error));
    }
    buffer_clear(&out);
    if (codec_part_decode_qc(input, arena, &qc, &error)) {
        codec_part_encode_qc(&qc, &out);
        CHECK(codec_part_decode_qc(buffer_bytes(&out), arena, &qc, &error));
    }
    buffer_clear(&out);
    if (codec_part_decode_tc(input, arena, &tc, &error)) {
        codec_part_encode_tc(&tc, &out);
        CHECK(codec_part_decode_tc(buffer_bytes(&out), arena, &tc, &error));
    }
    buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(ARENA_SIZE);
    struct bytes input = bytes_of(data, size);

    check_frame(input, arena);
    arena_reset(arena);
    check_header(input, arena);
    check_docket(input, arena);
    check_verdict(input, arena);
    check_votes(input);
    check_parts(input, arena);
    arena_destroy(arena);
    return 0;
}
