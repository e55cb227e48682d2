#include "coordinator/paperwork.h"

#include <stdlib.h>

#include "base/check.h"
#include "coordinator/docket.h"

/* A seat of VOICE, one that is there if there is one. */
static uint8_t choose(const struct docket *docket, const struct seat_set *voice)
{
    uint8_t first = MESSAGE_SEATS_MAX;

    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        if (!seat_set_has(voice, seat)) {
            continue;
        }
        if (docket->coordinator->seats[seat].is_up) {
            return seat;
        }
        first = first == MESSAGE_SEATS_MAX ? seat : first;
    }
    CHECK(first < MESSAGE_SEATS_MAX);
    return first;
}

void paperwork_note(struct docket *docket, uint32_t index, const struct report *report)
{
    uint8_t seat_count = docket->coordinator->quorum.seat_count;
    struct paperwork *papers = &docket->papers;
    uint32_t shown[MESSAGE_SEATS_MAX] = {0};

    if (papers->items == NULL) {
        papers->items = calloc(PAPERWORK_SOURCES_MAX * docket->verified.docket.case_count,
                               sizeof(*papers->items));
        CHECK(papers->items != NULL);
    }
    for (size_t i = 0; i < docket->coordinator->catalog.criterion_count; i++) {
        uint16_t voice = report->criteria[i].paper_voice;

        if (voice != REPORT_NO_VOICE) {
            shown[choose(docket, &report->voices[voice].seats)]++;
        }
    }
    for (int turn = 0; turn < PAPERWORK_SOURCES_MAX; turn++) {
        uint8_t best = 0;

        for (uint8_t seat = 1; seat < seat_count; seat++) {
            best = shown[seat] > shown[best] ? seat : best;
        }
        if (shown[best] == 0) {
            return;
        }
        shown[best] = 0;
        papers->items[papers->count++] = (struct paperwork_want){.index = index, .seat = best};
    }
}

void paperwork_fetch(struct docket *docket)
{
    for (size_t i = 0; i < docket->papers.count; i++) {
        const struct paperwork_want *want = &docket->papers.items[i];
        struct message message = {.kind = MESSAGE_FETCH};

        if (want->is_here) {
            continue;
        }
        message.fetch.item = MESSAGE_ITEM_PAPERS;
        message.fetch.digest = *docket_id(docket);
        message.fetch.index = want->index;
        coordinator_send_one(docket->coordinator, want->seat, &message);
    }
}

void paperwork_take(struct docket *docket, uint8_t seat, const struct message *message)
{
    struct coordinator *coordinator = docket->coordinator;
    struct error error;

    for (size_t i = 0; i < docket->papers.count; i++) {
        struct paperwork_want *want = &docket->papers.items[i];

        if (want->seat != seat || want->index != message->item.index || want->is_here) {
            continue;
        }
        want->is_here = true;
        if (message->item.total_size == 0 || message->item.total_size != message->item.data.size) {
            return; /* It has none. */
        }
        if (!coordinator_store_result_save_papers(coordinator->store, docket_id(docket),
                                                  want->index, seat, message->item.data, &error)) {
            coordinator_fail(coordinator, &error);
        }
        return;
    }
}

bool paperwork_is_here(const struct docket *docket)
{
    bool are_here = true;

    for (size_t i = 0; i < docket->papers.count; i++) {
        are_here = are_here && docket->papers.items[i].is_here;
    }
    return are_here;
}

void paperwork_finish(struct paperwork *papers)
{
    free(papers->items);
    *papers = (struct paperwork){0};
}
