#include "agent/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/check.h"

#define ARRIVED_MAX 64 /* DONEs that wait to be noted in the store. */
#define ARENA_SIZE  (64 * 1024)

/* What is on its way to one coordinator. */
struct route {
    bool has_more; /* The store may know of more. */
    size_t count;
    struct digest dockets[DELIVERY_MAX];
    struct digest last; /* The store was read up to this one. */
    uint64_t until_ms;
    uint64_t wait_ms;
};

struct delivery {
    struct agent *agent;
    struct route routes[MESSAGE_COORDINATORS_MAX];
    /* A DONE that is forgotten in a crash is answered for by the next one: no need to store each at
     * once. */
    struct seat_store_delivery arrived[ARRIVED_MAX];
    size_t arrived_count;
};

struct delivery *delivery_create(struct agent *agent)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));

    CHECK(delivery != NULL);
    delivery->agent = agent;
    for (uint8_t i = 0; i < MESSAGE_COORDINATORS_MAX; i++) {
        delivery->routes[i].wait_ms = DELIVERY_MS;
    }
    return delivery;
}

static void note_arrived(struct delivery *delivery)
{
    struct error error;

    if (delivery->arrived_count > 0 &&
        !seat_store_delivered(delivery->agent->store, delivery->arrived, delivery->arrived_count,
                              &error)) {
        agent_fail(delivery->agent, &error);
    }
    delivery->arrived_count = 0;
}

void delivery_destroy(struct delivery *delivery)
{
    if (delivery != NULL) {
        note_arrived(delivery);
        free(delivery);
    }
}

static void send(struct delivery *delivery, uint8_t chair, const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_DECIDE};
    struct buffer certificate = {0};
    struct error error;

    if (seat_store_certificate(delivery->agent->store, docket, &certificate, &error)) {
        message.decide.docket = *docket;
        message.decide.certificate = buffer_bytes(&certificate);
        agent_send(delivery->agent, chair, &message);
    } else {
        agent_fail(delivery->agent, &error);
    }
    buffer_finish(&certificate);
}

void delivery_begin(struct delivery *delivery, const struct digest *docket, uint8_t chairs)
{
    for (uint8_t chair = 0; chair < delivery->agent->roster.coordinator_count; chair++) {
        struct route *route = &delivery->routes[chair];

        if ((chairs >> chair & 1) == 0) {
            continue;
        }
        if (!delivery->agent->peers[chair].is_up || route->count == DELIVERY_MAX) {
            route->has_more = true;
            continue;
        }
        if (route->count == 0) {
            route->until_ms = loop_now_ms() + route->wait_ms;
        }
        route->dockets[route->count++] = *docket;
        send(delivery, chair, docket);
    }
}

/* Sends what comes next; from the start again after the end. */
static void send_batch(struct delivery *delivery, uint8_t chair)
{
    struct route *route = &delivery->routes[chair];
    struct seat_store_delivery after = {.chair = chair, .docket = route->last};
    struct arena *arena = arena_create(ARENA_SIZE);
    struct digest *dockets = NULL;
    struct error error;

    note_arrived(delivery);
    if (!seat_store_undelivered(delivery->agent->store, &after, DELIVERY_MAX, arena, &dockets,
                                &route->count, &error)) {
        route->count = 0;
        agent_fail(delivery->agent, &error);
    }
    if (route->count > 0) {
        memcpy(route->dockets, dockets, route->count * sizeof(*dockets));
        route->last = dockets[route->count - 1];
    }
    arena_destroy(arena);
    /* Short of a whole batch: that was the end. Beyond the start there was more. */
    if (route->count < DELIVERY_MAX) {
        route->has_more = route->count > 0 || !digest_is_zero(&route->last);
        route->last = (struct digest){{0}};
    }
    for (size_t i = 0; i < route->count; i++) {
        send(delivery, chair, &route->dockets[i]);
    }
    route->until_ms = loop_now_ms() + route->wait_ms;
}

void delivery_restart(struct delivery *delivery, uint8_t chair)
{
    struct route *route = &delivery->routes[chair];

    route->last = (struct digest){{0}};
    route->wait_ms = DELIVERY_MS;
    route->has_more = true;
    send_batch(delivery, chair);
}

void delivery_done(struct delivery *delivery, uint8_t chair, const struct digest *docket)
{
    struct route *route = &delivery->routes[chair];
    size_t place = 0;

    while (place < route->count && !digest_equal(&route->dockets[place], docket)) {
        place++;
    }
    if (place < route->count) {
        route->dockets[place] = route->dockets[--route->count];
        route->wait_ms = DELIVERY_MS;
    }
    if (delivery->arrived_count == ARRIVED_MAX) {
        note_arrived(delivery);
    }
    delivery->arrived[delivery->arrived_count++] =
        (struct seat_store_delivery){.chair = chair, .docket = *docket};
    if (route->count == 0 && route->has_more) {
        send_batch(delivery, chair);
    }
}

void delivery_tick(struct delivery *delivery)
{
    uint64_t now_ms = loop_now_ms();

    note_arrived(delivery);
    for (uint8_t chair = 0; chair < delivery->agent->roster.coordinator_count; chair++) {
        struct route *route = &delivery->routes[chair];

        if (!delivery->agent->peers[chair].is_up || now_ms < route->until_ms ||
            (route->count == 0 && !route->has_more)) {
            continue;
        }
        if (route->count > 0) {
            route->has_more = true; /* They were sent and did not arrive. */
            route->wait_ms =
                route->wait_ms * 2 < DELIVERY_MS_MAX ? route->wait_ms * 2 : DELIVERY_MS_MAX;
        }
        send_batch(delivery, chair);
    }
}
