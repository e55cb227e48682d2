#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

/* protobuf-c behind a few functions, for the codec alone.
 *
 * WHAT names message and field in errors ("docket.roster"). A protobuf message can take far more
 * memory than it has bytes (1 MiB of empty submessages unpack into 68 MiB), so unpacking is given a
 * budget by the number of elements that the message may rightly hold. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/council.pb-c.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "proto/message.h"

/* How large a message of one kind may be. */
struct wire_shape {
    const ProtobufCMessageDescriptor *descriptor;
    size_t size_max;  /* Bytes. */
    size_t count_max; /* Repeated elements. */
};

/* Unpacks BYTES into ARENA. NULL on failure.
 *
 * Errors: ERROR_INVALID when malformed or with an unknown field; ERROR_LIMIT. */
void *wire_unpack(const struct wire_shape *shape, struct bytes bytes, struct arena *arena,
                  struct error *error);

/* Refuses unknown fields in the submessage MESSAGE; wire_unpack() does it for the outer one. */
MUST_USE bool wire_known(const ProtobufCMessage *message, struct error *error);

/* The fields, checked. Errors: ERROR_INVALID, ERROR_LIMIT when over a maximum. */
MUST_USE bool wire_number(uint64_t value, uint64_t min, uint64_t max, const char *what,
                          struct error *error);
MUST_USE bool wire_count(size_t count, size_t min, size_t max, const char *what,
                         struct error *error);
MUST_USE bool wire_digest(ProtobufCBinaryData field, const char *what, struct digest *out,
                          struct error *error);
MUST_USE bool wire_fixed(ProtobufCBinaryData field, size_t size, const char *what, uint8_t *out,
                         struct error *error);
MUST_USE bool wire_bytes(ProtobufCBinaryData field, size_t size_max, const char *what,
                         struct bytes *out, struct error *error);

/* COUNT signed payloads of at most PAYLOAD_MAX bytes each, in an array of ARENA. */
struct wire_signed {
    Aims__Signed **items;
    size_t count;
    size_t payload_max;
};
MUST_USE bool wire_signed(struct wire_signed list, const char *what, struct arena *arena,
                          struct message_signed **out, struct error *error);

/* COUNT elements of SIZE bytes from ARENA; NULL with ERROR_LIMIT when it is full. */
void *wire_array(struct arena *arena, size_t count, size_t size, struct error *error);

/* Appends the packed MESSAGE. */
void wire_pack(const ProtobufCMessage *message, struct buffer *out);

/* Borrowed views, for packing. */
ProtobufCBinaryData wire_view(struct bytes bytes);
ProtobufCBinaryData wire_view_digest(const struct digest *digest);

/* LIST of COUNT as protobuf-c wants it, from ARENA. */
Aims__Signed **wire_view_signed(const struct message_signed *list, size_t count,
                                struct arena *arena);

#endif
