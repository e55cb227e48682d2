#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

/* Between struct message and bytes: frames, signed payloads, and the parts that are named by
 * digest.
 *
 *     frame    one byte MESSAGE_VERSION, one byte enum message_kind, one protobuf message
 *     payload  one protobuf message (proto/council.proto); its version is in its payload type
 *
 * Decoding checks form only: the limits of message.h, exact lengths, numbers in range, no unknown
 * field. Who signed, and whether the parts belong together, is proto/verify.h. What a decoder gives
 * points into ARENA; beyond the size of the input it takes at most CODEC_MEMORY_MAX bytes of it.
 *
 * Encoders append to OUT. They take what our own code built: a count over its limit is a
 * programmer's error. The bytes are the same for the same content on every machine, but nothing
 * relies on that: digests and signatures are of bytes as sent. */

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "proto/message.h"

#define CODEC_HEADER_MAX  (MESSAGE_CERTIFICATE_MAX + 1024) /* Bytes of an encoded payload. */
#define CODEC_DOCKET_MAX  (32 * 1024 * 1024)
#define CODEC_VERDICT_MAX (16 * 1024)
#define CODEC_VOTE_MAX    256 /* PROPOSE, PREPARE and NEW-VIEW payloads. */
#define CODEC_QC_MAX      (16 * 1024)
#define CODEC_TC_MAX      (64 * 1024)
#define CODEC_SHEETS_MAX  (MESSAGE_SEATS_MAX * MESSAGE_CASES_MAX) /* Of one book. */
#define CODEC_MEMORY_MAX  (16 * 1024 * 1024)
#define CODEC_TIME_MAX    UINT64_C(253402300799)    /* 9999-12-31T23:59:59Z in Unix seconds. */
#define CODEC_DAY_MAX     2932896                   /* The same day, counted from 1970-01-01. */
#define CODEC_NUMBER_MAX  ((UINT64_C(1) << 53) - 1) /* Sizes and serials: what JSON can hold. */

/* Largest frame of KIND in bytes. */
size_t codec_frame_size_max(enum message_kind kind);

/* Appends the frame of MESSAGE.
 *
 * Errors: ERROR_LIMIT when it is larger than its kind may be; OUT is then as before. */
MUST_USE bool codec_frame_encode(const struct message *message, struct buffer *out,
                                 struct error *error);

/* Reads one whole frame.
 *
 * Errors: ERROR_INVALID naming kind, field and what is wrong; ERROR_LIMIT when the frame or a count
 * is over its limit or ARENA is full. */
MUST_USE bool codec_frame_decode(struct bytes frame, struct arena *arena, struct message *out,
                                 struct error *error);

/* Signed payloads. Of a docket the signed headers are written and its cases are ignored; decoding
 * fills both. The chair keeps a docket below CODEC_DOCKET_MAX. Errors as above. */
void codec_payload_encode_header(const struct message_header *header, struct buffer *out);
void codec_payload_encode_docket(const struct message_docket *docket, struct buffer *out);
void codec_payload_encode_verdict(const struct message_verdict *verdict, struct buffer *out);
void codec_payload_encode_propose(const struct message_propose *propose, struct buffer *out);
void codec_payload_encode_prepare(const struct message_prepare *prepare, struct buffer *out);
void codec_payload_encode_new_view(const struct message_new_view *new_view, struct buffer *out);

MUST_USE bool codec_payload_decode_header(struct bytes payload, struct arena *arena,
                                          struct message_header *out, struct error *error);
MUST_USE bool codec_payload_decode_docket(struct bytes payload, struct arena *arena,
                                          struct message_docket *out, struct error *error);
MUST_USE bool codec_payload_decode_verdict(struct bytes payload, struct arena *arena,
                                           struct message_verdict *out, struct error *error);
/* These hold no pointers and need no arena. */
MUST_USE bool codec_payload_decode_propose(struct bytes payload, struct message_propose *out,
                                           struct error *error);
MUST_USE bool codec_payload_decode_prepare(struct bytes payload, struct message_prepare *out,
                                           struct error *error);
MUST_USE bool codec_payload_decode_new_view(struct bytes payload, struct message_new_view *out,
                                            struct error *error);

/* Parts that frames carry encoded. Errors as above. */
void codec_part_encode_sheet(const struct message_sheet *sheet, struct buffer *out);
void codec_part_encode_qc(const struct message_qc *qc, struct buffer *out);
void codec_part_encode_tc(const struct message_tc *tc, struct buffer *out);

MUST_USE bool codec_part_decode_sheet(struct bytes part, struct arena *arena,
                                      struct message_sheet *out, struct error *error);
MUST_USE bool codec_part_decode_qc(struct bytes part, struct arena *arena, struct message_qc *out,
                                   struct error *error);
MUST_USE bool codec_part_decode_tc(struct bytes part, struct arena *arena, struct message_tc *out,
                                   struct error *error);

#endif
