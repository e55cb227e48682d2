#include "tests/byzantine/plot.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "tests/byzantine/forgery.h"
#include "tests/byzantine/mischief.h"

#define PLOTS_MAX   128
#define PLOT_MEMORY (256U * 1024 * 1024)

static struct plot *plots[PLOTS_MAX]; /* A ring. */
static size_t plot_count;             /* Ever seen. */

static void destroy(struct plot *plot)
{
    if (plot == NULL) {
        return;
    }
    for (size_t i = 0; i < MESSAGE_SEATS_MAX; i++) {
        buffer_finish(&plot->verdicts[i]);
    }
    buffer_finish(&plot->other);
    buffer_finish(&plot->payload);
    arena_destroy(plot->arena);
    free(plot);
}

struct plot *plot_by_id(const struct digest *id)
{
    struct plot **place = &plots[plot_count % PLOTS_MAX];

    for (size_t i = 0; i < PLOTS_MAX; i++) {
        if (plots[i] != NULL && digest_equal(&plots[i]->id, id)) {
            return plots[i];
        }
    }
    destroy(*place);
    *place = calloc(1, sizeof(**place));
    CHECK(*place != NULL);
    (*place)->id = *id;
    plot_count++;
    return *place;
}

struct plot *plot_of_frame(struct bytes frame)
{
    struct digest id;

    return forgery_docket(frame, &id) ? plot_by_id(&id) : NULL;
}

struct plot *plot_next(const struct plot *plot)
{
    size_t i = 0;

    while (plot != NULL && i < PLOTS_MAX && plots[i] != plot) {
        i++;
    }
    for (i = plot == NULL ? 0 : i + 1; i < PLOTS_MAX; i++) {
        if (plots[i] != NULL) {
            return plots[i];
        }
    }
    return NULL;
}

bool plot_learn(struct plot *plot, struct bytes assign)
{
    struct message message;
    struct error ignored;

    if (plot->arena != NULL) {
        return true;
    }
    struct arena *arena = arena_create(PLOT_MEMORY);
    const uint8_t *copy = (const uint8_t *)arena_copy(arena, assign.data, assign.size);

    if (copy == NULL ||
        !codec_frame_decode(bytes_of(copy, assign.size), arena, &message, &ignored) ||
        message.kind != MESSAGE_ASSIGN ||
        !verify_docket(mischief.roster, &message.assign.docket, arena, &plot->verified, &ignored)) {
        arena_destroy(arena);
        return false;
    }
    plot->verified.criterion_count = mischief.catalog->criterion_count;
    plot->arena = arena;
    return true;
}

/* ---- proposals ---- */

/* Fills BOOK and STATEMENT of the verdicts in FROM. */
static bool compute(const struct plot *plot, const struct message_book *from, uint32_t view,
                    struct arena *arena, struct digest *book_digest, struct statement *out)
{
    struct verify_book book;
    struct error ignored;
    struct report_source source = {.roster = mischief.roster,
                                   .catalog = mischief.catalog,
                                   .docket = &plot->verified,
                                   .book = &book};

    if (plot->arena == NULL || !verify_book(&plot->verified, from, arena, &book, &ignored)) {
        return false;
    }
    statement_make(&source, view, out);
    *book_digest = book.digest;
    return true;
}

bool plot_statement(const struct plot *plot, struct bytes propose, uint32_t view,
                    struct statement *out)
{
    struct arena *arena = arena_create(PLOT_MEMORY);
    struct message message;
    struct digest book;
    struct error ignored;
    bool is_ok = codec_frame_decode(propose, arena, &message, &ignored) &&
                 message.kind == MESSAGE_PROPOSE &&
                 compute(plot, &message.propose.book, view, arena, &book, out);

    arena_destroy(arena);
    return is_ok;
}

static bool is_named(const struct digest *sheet, const struct message_verdict *verdict)
{
    for (size_t i = 0; i < verdict->entry_count; i++) {
        if (verdict->entries[i].reason == MESSAGE_ASSESSED &&
            digest_equal(&verdict->entries[i].digest, sheet)) {
            return true;
        }
    }
    return false;
}

static bool is_used(const struct message_book *book, struct bytes sheet, struct arena *arena)
{
    struct message_verdict verdict;
    struct digest digest;
    struct error ignored;

    hash_bytes(sheet, &digest);
    for (size_t i = 0; i < book->verdict_count; i++) {
        if (codec_payload_decode_verdict(book->verdicts[i].payload, arena, &verdict, &ignored) &&
            is_named(&digest, &verdict)) {
            return true;
        }
    }
    return false;
}

/* Leaves the first COUNT verdicts in BOOK, and the sheets that they name. */
static void cut(struct message_book *book, size_t count, struct arena *arena)
{
    size_t kept = 0;

    if (count >= book->verdict_count) {
        return;
    }
    book->verdict_count = count;
    for (size_t i = 0; i < book->sheet_count; i++) {
        if (is_used(book, book->sheets[i], arena)) {
            book->sheets[kept++] = book->sheets[i];
        }
    }
    book->sheet_count = kept;
}

static uint8_t seat_of(const struct message_signed *verdict, struct arena *arena)
{
    struct message_verdict decoded;
    struct error ignored;
    bool is_ok = codec_payload_decode_verdict(verdict->payload, arena, &decoded, &ignored);

    return is_ok ? decoded.seat : UINT8_MAX;
}

/* Adds the one verdict of OTHER, with its sheets, to BOOK, whose arrays have room. */
static void add_verdict(struct message_book *book, const struct message_book *other,
                        struct arena *arena)
{
    uint8_t seat = seat_of(&other->verdicts[0], arena);
    size_t place = book->verdict_count;

    while (place > 0 && seat_of(&book->verdicts[place - 1], arena) > seat) {
        book->verdicts[place] = book->verdicts[place - 1];
        place--;
    }
    book->verdicts[place] = other->verdicts[0];
    book->verdict_count++;
    for (size_t i = 0; i < other->sheet_count; i++) {
        bool is_there = false;

        for (size_t j = 0; j < book->sheet_count; j++) {
            is_there = is_there || bytes_equal(book->sheets[j], other->sheets[i]);
        }
        if (!is_there) {
            book->sheets[book->sheet_count++] = other->sheets[i];
        }
    }
}

static bool has_seat(const struct message_book *book, uint8_t seat, struct arena *arena)
{
    for (size_t i = 0; i < book->verdict_count; i++) {
        if (seat_of(&book->verdicts[i], arena) == seat) {
            return true;
        }
    }
    return false;
}

/* Takes the last verdict out of BOOK and puts one in that waits; false when none does. */
static bool exchange(const struct plot *plot, struct message_book *book, struct arena *arena)
{
    struct message_book other = *book;
    struct message message;
    struct error ignored;
    size_t sheets_max = book->sheet_count + MESSAGE_CASES_MAX;

    for (uint8_t seat = 0; seat < MESSAGE_SEATS_MAX; seat++) {
        if (plot->verdicts[seat].size == 0 || has_seat(book, seat, arena) ||
            !codec_frame_decode(buffer_bytes(&plot->verdicts[seat]), arena, &message, &ignored)) {
            continue;
        }
        other.verdicts = arena_array(arena, MESSAGE_SEATS_MAX, sizeof(*other.verdicts));
        other.sheets = arena_array(arena, sheets_max, sizeof(*other.sheets));
        CHECK(other.verdicts != NULL);
        CHECK(other.sheets != NULL);
        memcpy(other.verdicts, book->verdicts, book->verdict_count * sizeof(*other.verdicts));
        memcpy(other.sheets, book->sheets, book->sheet_count * sizeof(*other.sheets));
        cut(&other, book->verdict_count - 1, arena);
        add_verdict(&other, &message.verdict, arena);
        *book = other;
        return true;
    }
    return false;
}

/* Signs PROPOSE and writes MESSAGE with it. */
static void sign_proposal(const struct message_propose *propose, struct message *message,
                          struct buffer *out)
{
    struct buffer payload = {0};

    codec_payload_encode_propose(propose, &payload);
    message->propose.propose.payload = buffer_bytes(&payload);
    sign_payload(mischief.keys, MESSAGE_TYPE_PROPOSE, message->propose.propose.payload,
                 message->propose.propose.signature);
    forgery_write(message, out);
    buffer_finish(&payload);
}

bool plot_propose_other(const struct plot *plot, struct bytes frame, struct buffer *out,
                        struct digest *value)
{
    struct arena *arena = arena_create(PLOT_MEMORY);
    struct statement *statement = arena_alloc(arena, sizeof(*statement));
    struct message_book *book;
    struct message_propose propose;
    struct message message;
    struct error ignored;
    bool is_ok = codec_frame_decode(frame, arena, &message, &ignored) &&
                 message.kind == MESSAGE_PROPOSE &&
                 codec_payload_decode_propose(message.propose.propose.payload, &propose, &ignored);

    CHECK(statement != NULL);
    book = &message.propose.book;
    if (is_ok && book->verdict_count > mischief.roster->quorum_count) {
        cut(book, book->verdict_count - 1, arena);
    } else {
        is_ok = is_ok && exchange(plot, book, arena);
    }
    is_ok = is_ok && compute(plot, book, propose.view, arena, &propose.book, statement);
    if (is_ok) {
        propose.value = statement->value;
        sign_proposal(&propose, &message, out);
        *value = propose.value;
    }
    arena_destroy(arena);
    return is_ok;
}

bool plot_propose_short(struct bytes frame, size_t keep, struct buffer *out)
{
    struct arena *arena = arena_create(PLOT_MEMORY);
    struct digest digests[MESSAGE_SEATS_MAX];
    struct message_propose propose;
    struct message message;
    struct error ignored;
    bool is_ok = codec_frame_decode(frame, arena, &message, &ignored) &&
                 message.kind == MESSAGE_PROPOSE &&
                 codec_payload_decode_propose(message.propose.propose.payload, &propose, &ignored);

    if (is_ok) {
        struct message_book *book = &message.propose.book;

        cut(book, keep, arena);
        for (size_t i = 0; i < book->verdict_count; i++) {
            sign_message_digest(book->verdicts[i].payload, book->verdicts[i].signature,
                                &digests[i]);
        }
        verify_book_digest(digests, book->verdict_count, &propose.book);
        propose.value = mischief_noise();
        sign_proposal(&propose, &message, out);
    }
    arena_destroy(arena);
    return is_ok;
}

bool plot_contradicts(struct plot_vote *last, uint32_t view, const struct digest *value)
{
    bool is_other = last->view == view && !digest_equal(&last->value, value);

    *last = (struct plot_vote){.view = view, .value = *value};
    return is_other;
}

bool plot_add_vote(struct plot *plot, struct bytes payload, const struct message_vote *vote)
{
    size_t place = 0;

    if (!bytes_equal(buffer_bytes(&plot->payload), payload)) {
        buffer_clear(&plot->payload);
        buffer_append(&plot->payload, payload.data, payload.size);
        plot->vote_count = 0;
    }
    while (place < plot->vote_count && plot->votes[place].seat < vote->seat) {
        place++;
    }
    if (plot->vote_count >= MESSAGE_SEATS_MAX ||
        (place < plot->vote_count && plot->votes[place].seat == vote->seat)) {
        return false;
    }
    for (size_t i = plot->vote_count; i > place; i--) {
        plot->votes[i] = plot->votes[i - 1];
    }
    plot->votes[place] = *vote;
    plot->vote_count++;
    return plot->vote_count == mischief.roster->quorum_count;
}
