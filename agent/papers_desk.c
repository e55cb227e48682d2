#include "agent/papers_desk.h"

#include <stdlib.h>

#include "agent/examine.h"
#include "base/check.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "proto/codec.h"
#include "report/papers.h"

#define EXAMINE_MS 30000 /* Longest time for one request. */

struct request {
    struct digest docket;
    uint32_t index;
    uint8_t from;
};

struct papers_desk {
    struct agent *agent;
    struct request queue[PAPERS_DESK_MAX];
    size_t first; /* Ring. */
    size_t count;
    /* The request at hand. */
    struct request at_hand;
    struct arena *arena; /* NULL while there is none. */
    struct verify_docket docket;
    struct message_entry entry; /* What the verdict says of the case. */
};

struct papers_desk *papers_desk_create(struct agent *agent)
{
    struct papers_desk *desk = calloc(1, sizeof(*desk));

    CHECK(desk != NULL);
    desk->agent = agent;
    return desk;
}

void papers_desk_destroy(struct papers_desk *desk)
{
    if (desk != NULL) {
        arena_destroy(desk->arena);
        free(desk);
    }
}

static bool is_same(const struct request *a, const struct request *b)
{
    return digest_equal(&a->docket, &b->docket) && a->index == b->index && a->from == b->from;
}

void papers_desk_ask(struct papers_desk *desk, uint8_t from, const struct digest *docket,
                     uint32_t index)
{
    struct request request = {.docket = *docket, .index = index, .from = from};

    if (desk->arena != NULL && is_same(&desk->at_hand, &request)) {
        return;
    }
    for (size_t i = 0; i < desk->count; i++) {
        if (is_same(&desk->queue[(desk->first + i) % PAPERS_DESK_MAX], &request)) {
            return;
        }
    }
    if (desk->count < PAPERS_DESK_MAX) {
        desk->queue[(desk->first + desk->count++) % PAPERS_DESK_MAX] = request;
    }
}

/* Answers the request at hand: SEALED is empty when there are none to give. */
static void answer(struct papers_desk *desk, struct bytes sealed)
{
    struct message item = {.kind = MESSAGE_ITEM};

    item.item.item = MESSAGE_ITEM_PAPERS;
    item.item.digest = desk->at_hand.docket;
    item.item.index = desk->at_hand.index;
    /* Papers longer than one part do not travel. */
    if (sealed.size <= MESSAGE_PART_MAX) {
        item.item.total_size = sealed.size;
        item.item.data = sealed;
    }
    agent_send(desk->agent, desk->at_hand.from, &item);
    arena_destroy(desk->arena);
    desk->arena = NULL;
}

static void examined(void *context, const struct assessor_answer *result)
{
    struct papers_desk *desk = context;
    struct papers papers = {.case_id = desk->docket.cases[desk->at_hand.index],
                            .docket = desk->at_hand.docket,
                            .seat = desk->agent->options.seat};
    struct buffer sheet = {0};
    struct buffer sealed = {0};
    struct digest digest;
    struct error error;

    if (result->reason == MESSAGE_ASSESSED) {
        codec_part_encode_sheet(&result->sheet, &sheet);
        hash_bytes(buffer_bytes(&sheet), &digest);
        if (!digest_equal(&digest, &desk->entry.digest)) {
            log_line(LOG_ERROR, "the assessor does not find again what was signed: the working "
                                "papers are not given away");
        } else if (!papers_seal(&papers, result->papers,
                                desk->docket.docket.cases[desk->at_hand.index].sealing,
                                &desk->agent->roster, &sealed, &error)) {
            log_line(LOG_WARNING, "working papers: %s", error.message);
        }
    }
    answer(desk, buffer_bytes(&sealed));
    buffer_finish(&sheet);
    buffer_finish(&sealed);
}

/* Finds docket and verdict of the request at hand. */
static bool find(struct papers_desk *desk, struct error *error)
{
    struct agent *agent = desk->agent;
    struct seat_store_docket stored;
    struct seat_record record;
    struct message_verdict verdict;
    struct message message;
    struct buffer frame = {0};
    bool is_found = false;

    if (!seat_store_load(agent->store, &desk->at_hand.docket, desk->arena, &stored, &record,
                         &is_found, error)) {
        return false;
    }
    if (!is_found || !record.has_verdict) {
        return error_set(error, ERROR_NOT_FOUND, "this seat gave no verdict there");
    }
    bool is_ok = verify_docket(&agent->roster, &stored.docket, desk->arena, &desk->docket, error) &&
                 seat_store_verdict(agent->store, &desk->at_hand.docket, &frame, error) &&
                 codec_frame_decode(buffer_bytes(&frame), desk->arena, &message, error) &&
                 codec_payload_decode_verdict(message.verdict.verdicts[0].payload, desk->arena,
                                              &verdict, error);

    if (is_ok && (desk->at_hand.index >= verdict.entry_count ||
                  verdict.entries[desk->at_hand.index].reason != MESSAGE_ASSESSED)) {
        is_ok = error_set(error, ERROR_NOT_FOUND, "this seat did not assess that case");
    }
    if (is_ok) {
        desk->entry = verdict.entries[desk->at_hand.index];
    }
    buffer_finish(&frame);
    return is_ok;
}

void papers_desk_yield(struct papers_desk *desk)
{
    if (desk->arena == NULL || !examine_is_fetching(desk->agent->examine)) {
        return;
    }
    examine_cancel(desk->agent->examine);
    arena_destroy(desk->arena);
    desk->arena = NULL;
    papers_desk_ask(desk, desk->at_hand.from, &desk->at_hand.docket, desk->at_hand.index);
}

void papers_desk_advance(struct papers_desk *desk)
{
    struct error error;

    if (desk->count == 0 || desk->arena != NULL) {
        return;
    }
    desk->at_hand = desk->queue[desk->first];
    desk->first = (desk->first + 1) % PAPERS_DESK_MAX;
    desk->count--;
    desk->arena = arena_create(AGENT_DOCKET_MEMORY);
    if (!find(desk, &error)) {
        log_line(LOG_INFO, "working papers: %s", error.message);
        answer(desk, (struct bytes){0});
        return;
    }
    struct examine_task task = {
        .header = &desk->docket.docket.cases[desk->at_hand.index],
        .case_id = desk->docket.cases[desk->at_hand.index],
        .docket = desk->at_hand.docket,
        .source = desk->at_hand.from,
        .until_ms = loop_now_ms() + EXAMINE_MS,
        .wants_papers = true,
        .done = examined,
        .context = desk,
    };

    examine_begin(desk->agent->examine, &task);
}
