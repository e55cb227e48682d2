#ifndef AGENT_FRAME_H
#define AGENT_FRAME_H

/* How aims-agent and its assessor talk: frames over the assessor's stdin and stdout, each a length
 * (32 bits, big-endian) and so many bytes of JSON.
 *
 *   request   {"bundle": path, "case": hex, "docket": hex, "key": hex, "papers": false, "seat": n}
 *             ("key" is missing for a plain bundle)
 *   answer    {"answers": "1243...", "papers": [hex, ...], "periodEnd": days, "purpose": n,
 *              "status": "assessed"}
 *             and, when papers were asked for, a second frame: the working papers as
 *             report/papers.h encodes them; or
 *             {"message": text, "status": "badBundle" | "badEvidence"} alone
 *
 * answers has one digit of enum answer per criterion of the catalogue, papers one keyed digest
 * (rules/engine.h). The first frame an assessor sends, before any request, is
 * {"catalog": hex, "criteria": n, "ruleset": hex, "status": "ready"}. A few lines of any language
 * make another assessor. The same bundle must get the same answer every time: papers are made by
 * asking again. */

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"

#define FRAME_HEADER_SIZE 4                  /* Bytes. */
#define FRAME_SIZE_MAX    (16 * 1024 * 1024) /* Bytes of content. */

/* Appends CONTENT as a frame. */
void frame_append(struct bytes content, struct buffer *out);

/* Looks for a whole frame at OFFSET of RECEIVED: true and its content and end when it is there,
 * false with *IS_BROKEN when its length is over the limit, false otherwise when more must come. */
bool frame_take(struct bytes received, size_t offset, struct bytes *content, size_t *end,
                bool *is_broken);

/* Blocking ends for the assessor's side. frame_read() gives false at the end of input with *IS_END,
 * unless it ends inside a frame.
 *
 * Errors: ERROR_IO; ERROR_LIMIT. */
MUST_USE bool frame_read(int fd, struct buffer *content, bool *is_end, struct error *error);
MUST_USE bool frame_write(int fd, struct bytes content, struct error *error);

#endif
