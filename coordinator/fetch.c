#include "coordinator/fetch.h"

#include "coordinator/docket.h"

/* The next seat: of those that are there, not asked in this round, likely ones first. False when
 * nobody is there. */
static bool choose(const struct docket *docket, uint8_t *out)
{
    const struct fetch *fetch = &docket->fetch;
    bool is_found = false;

    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        bool is_open = docket->coordinator->seats[seat].is_up && !seat_set_has(&fetch->asked, seat);

        if (is_open && seat_set_has(&fetch->likely, seat)) {
            *out = seat;
            return true;
        }
        if (is_open && !is_found) {
            *out = seat;
            is_found = true;
        }
    }
    return is_found;
}

static void ask_next(struct docket *docket)
{
    struct message message = {.kind = MESSAGE_FETCH};
    struct fetch *fetch = &docket->fetch;
    uint8_t seat = 0;

    fetch->asked_ms = loop_now_ms();
    if (!choose(docket, &seat)) {
        fetch->asked = (struct seat_set){{0, 0}};
        fetch->refused = fetch->asked;
        return; /* A new round begins next time. */
    }
    seat_set_add(&fetch->asked, seat);
    fetch->last = seat;
    message.fetch.item = MESSAGE_ITEM_VALUE;
    message.fetch.digest = fetch->value;
    coordinator_send_one(docket->coordinator, seat, &message);
}

void fetch_begin(struct docket *docket, const struct digest *value, const struct seat_set *likely)
{
    struct fetch *fetch = &docket->fetch;

    if (!fetch->is_active || !digest_equal(&fetch->value, value)) {
        *fetch = (struct fetch){.is_active = true, .value = *value, .likely = *likely};
        ask_next(docket);
    }
}

void fetch_advance(struct docket *docket)
{
    const struct fetch *fetch = &docket->fetch;

    if (fetch->is_active && loop_now_ms() >= fetch->asked_ms + FETCH_MS) {
        ask_next(docket);
    }
}

bool fetch_awaits(const struct docket *docket, uint8_t seat)
{
    const struct fetch *fetch = &docket->fetch;

    return fetch->is_active && seat_set_has(&fetch->asked, seat) &&
           !seat_set_has(&fetch->refused, seat);
}

void fetch_refuse(struct docket *docket, uint8_t seat)
{
    seat_set_add(&docket->fetch.refused, seat);
    if (docket->fetch.last == seat) {
        ask_next(docket);
    }
}
