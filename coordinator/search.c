#include "coordinator/search.h"

#include "base/encode.h"
#include "base/log.h"
#include "coordinator/clerk.h"
#include "coordinator/docket.h"
#include "crypto/hash.h"

static void ask(struct coordinator *coordinator, struct search_item *item, uint8_t seat)
{
    struct message message = {.kind = MESSAGE_FETCH};

    item->asked_ms = loop_now_ms();
    item->last = seat;
    message.fetch.item = MESSAGE_ITEM_DOCKET;
    message.fetch.digest = item->docket;
    coordinator_send_one(coordinator, seat, &message);
}

static void ask_next(struct coordinator *coordinator, struct search_item *item)
{
    ask(coordinator, item, (uint8_t)((item->last + 1U) % coordinator->quorum.seat_count));
}

static struct search_item *find(struct coordinator *coordinator, const struct digest *docket)
{
    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        for (size_t i = 0; i < SEARCH_PER_SEAT_MAX; i++) {
            struct search_item *item = &coordinator->search.items[seat][i];

            if (item->is_active && digest_equal(&item->docket, docket)) {
                return item;
            }
        }
    }
    return NULL;
}

/* A free place of SEAT's, or that of its oldest search. */
static struct search_item *make_room(struct coordinator *coordinator, uint8_t seat)
{
    struct search_item *items = coordinator->search.items[seat];
    struct search_item *oldest = &items[0];

    for (size_t i = 0; i < SEARCH_PER_SEAT_MAX; i++) {
        if (!items[i].is_active) {
            return &items[i];
        }
        oldest = items[i].began_ms < oldest->began_ms ? &items[i] : oldest;
    }
    return oldest;
}

/* True after coordinator_fail(), too. */
static bool is_known(struct coordinator *coordinator, const struct digest *docket)
{
    struct error error;
    bool is_stored = false;

    if (docket_find(coordinator, docket) != NULL) {
        return true;
    }
    if (!coordinator_store_docket_is_known(coordinator->store, docket, &is_stored, &error)) {
        coordinator_fail(coordinator, &error);
        return true;
    }
    return is_stored;
}

/* Who named it first may not have it, and may know well who comes last in turn. */
static void ask_too(struct coordinator *coordinator, struct search_item *item, uint8_t seat)
{
    if (!seat_set_has(&item->named, seat)) {
        seat_set_add(&item->named, seat);
        ask(coordinator, item, seat);
    }
}

void search_add(struct coordinator *coordinator, uint8_t seat, const struct digest *docket)
{
    struct search_item *item = find(coordinator, docket);

    if (item == NULL) {
        if (is_known(coordinator, docket)) {
            return;
        }
        item = make_room(coordinator, seat);
        *item =
            (struct search_item){.is_active = true, .docket = *docket, .began_ms = loop_now_ms()};
    }
    ask_too(coordinator, item, seat);
}

void search_tick(struct coordinator *coordinator)
{
    uint64_t now_ms = loop_now_ms();

    for (uint8_t seat = 0; seat < coordinator->quorum.seat_count; seat++) {
        for (size_t i = 0; i < SEARCH_PER_SEAT_MAX; i++) {
            struct search_item *item = &coordinator->search.items[seat][i];

            if (!item->is_active) {
                continue;
            }
            if (now_ms >= item->began_ms + SEARCH_MS_MAX) {
                item->is_active = false;
            } else if (now_ms >= item->asked_ms + SEARCH_MS) {
                item->refused = 0;
                ask_next(coordinator, item);
            }
        }
    }
}

void search_refused(struct coordinator *coordinator, uint8_t seat, const struct digest *docket)
{
    struct search_item *item = find(coordinator, docket);

    if (item != NULL && item->last == seat && item->refused < coordinator->quorum.seat_count) {
        item->refused++;
        ask_next(coordinator, item);
    }
}

void search_take(struct coordinator *coordinator, uint8_t seat, const struct message_signed *docket)
{
    struct search_item *item;
    struct digest id;
    struct error error;

    hash_bytes(docket->payload, &id);
    item = find(coordinator, &id);
    if (item == NULL) {
        return; /* Nobody asked, or another seat was faster. */
    }
    item->is_active = false;
    /* An own one that was searched for before it was made: its id can be guessed. */
    if (is_known(coordinator, &id)) {
        return;
    }
    if (!clerk_learn(coordinator, docket, &error)) {
        coordinator_drop(coordinator, seat, "a docket", &error);
    }
}
