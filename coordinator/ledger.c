#include "coordinator/ledger.h"

#include <stdlib.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "proto/codec.h"

#define LEDGER_MEMORY (256U * 1024 * 1024) /* Bytes that a book may unfold into. */

const struct digest *ledger_value(const struct ledger *ledger)
{
    return &ledger->statement.value;
}

static struct ledger *create(void)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));

    CHECK(ledger != NULL);
    ledger->arena = arena_create(LEDGER_MEMORY);
    return ledger;
}

void ledger_destroy(struct ledger *ledger)
{
    if (ledger != NULL) {
        buffer_finish(&ledger->frame);
        buffer_finish(&ledger->commit);
        arena_destroy(ledger->arena);
        free(ledger);
    }
}

/* Reports, their digests and D. */
static void compute(struct ledger *ledger, const struct report_source *source)
{
    struct report_source whole = *source;

    whole.book = &ledger->verified;
    statement_make(&whole, 1, &ledger->statement);
}

/* Adds the sheets of VERDICT that are not in BOOK yet; DIGESTS are those of the book's. */
static void add_sheets(struct message_book *book, struct digest *digests,
                       const struct message_book *verdict)
{
    for (size_t i = 0; i < verdict->sheet_count; i++) {
        struct digest digest;
        size_t known = 0;

        hash_bytes(verdict->sheets[i], &digest);
        while (known < book->sheet_count && !digest_equal(&digests[known], &digest)) {
            known++;
        }
        if (known == book->sheet_count) {
            digests[book->sheet_count] = digest;
            book->sheets[book->sheet_count++] = verdict->sheets[i];
        }
    }
}

/* The verdicts as one book: each distinct sheet once. */
static void gather(struct ledger *ledger, const struct ledger_voices *voices, size_t case_count)
{
    struct message_book *book = &ledger->book;
    size_t seat_count = seat_set_count(&voices->seats);
    size_t sheets_max = seat_count * case_count;
    struct digest *digests = arena_array(ledger->arena, sheets_max, sizeof(*digests));

    book->verdicts = arena_array(ledger->arena, seat_count, sizeof(*book->verdicts));
    book->sheets = arena_array(ledger->arena, sheets_max, sizeof(*book->sheets));
    CHECK(digests != NULL && book->verdicts != NULL && book->sheets != NULL);
    for (uint8_t seat = 0; seat < MESSAGE_SEATS_MAX; seat++) {
        struct message message;
        struct error error;

        if (!seat_set_has(&voices->seats, seat)) {
            continue;
        }
        /* It was decoded when it came. */
        bool is_decoded = codec_frame_decode(voices->frames[seat], ledger->arena, &message, &error);

        CHECK(is_decoded);
        book->verdicts[book->verdict_count++] = message.verdict.verdicts[0];
        add_sheets(book, digests, &message.verdict);
    }
}

bool ledger_make(const struct report_source *source, const struct ledger_voices *voices,
                 struct ledger **out, struct error *error)
{
    struct ledger *ledger = create();

    gather(ledger, voices, source->docket->docket.case_count);
    if (!verify_book(source->docket, &ledger->book, ledger->arena, &ledger->verified, error)) {
        ledger_destroy(ledger);
        return false;
    }
    compute(ledger, source);
    *out = ledger;
    return true;
}

static bool decode(struct ledger *ledger, const struct report_source *source, struct error *error)
{
    struct verify_proposal proposal;
    struct message message;

    if (!codec_frame_decode(buffer_bytes(&ledger->frame), ledger->arena, &message, error)) {
        return false;
    }
    if (message.kind != MESSAGE_PROPOSE) {
        return error_set(error, ERROR_INVALID, "a value comes in a PROPOSE");
    }
    if (!verify_proposal(source->docket, &message, ledger->arena, &proposal, error)) {
        return false;
    }
    ledger->book = message.propose.book;
    ledger->verified = proposal.book;
    compute(ledger, source);
    return digest_equal(ledger_value(ledger), &proposal.propose.value) ||
           error_set(error, ERROR_INVALID, "the book gives another value than the PROPOSE names");
}

bool ledger_read(const struct report_source *source, struct bytes frame, struct ledger **out,
                 struct error *error)
{
    struct ledger *ledger = create();

    buffer_append(&ledger->frame, frame.data, frame.size);
    if (!decode(ledger, source, error)) {
        ledger_destroy(ledger);
        return false;
    }
    *out = ledger;
    return true;
}

struct bytes ledger_commit(struct ledger *ledger, uint32_t view)
{
    CHECK(view >= 1);

    if (ledger->commit_view != view) {
        ledger->commit_view = view;
        ledger->statement.view = view;
        buffer_clear(&ledger->commit);
        statement_write(&ledger->statement, &ledger->commit);
    }
    return buffer_bytes(&ledger->commit);
}
