#ifndef TESTS_BYZANTINE_FORGERY_H
#define TESTS_BYZANTINE_FORGERY_H

/* Frames that say what a strategy wants, signed with the key of this node. Each appends one whole
 * frame to OUT; one that would be too large leaves it as it was. */

#include "base/buffer.h"
#include "proto/message.h"
#include "report/statement.h"

/* As forgery_prepare() and so on do, for content made elsewhere. */
void forgery_write(const struct message *message, struct buffer *out);

/* Signed as SEAT, truly or not: the key is this node's. */
void forgery_prepare(const struct message_prepare *prepare, uint8_t seat, struct buffer *out);
void forgery_commit(const struct statement *statement, uint8_t seat, struct buffer *out);
void forgery_new_view(const struct message_new_view *report, struct bytes qc, struct bytes tc,
                      struct buffer *out);

/* A VERDICT like FRAME, with each answer mapped by ANSWERS (indexed by enum answer) and signed
 * DELAY_S later. False when FRAME is no VERDICT. */
bool forgery_other_verdict(struct bytes frame, const uint8_t *answers, uint64_t delay_s,
                           struct buffer *out);

/* What FRAME is about; false for frames without a docket. */
bool forgery_docket(struct bytes frame, struct digest *out);

/* A QC for PREPARE that nobody signed. */
void forgery_false_qc(const struct message_prepare *prepare, struct buffer *out);

#endif
