#include "coordinator/clerk.h"

#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "coordinator/accuse.h"
#include "coordinator/attendance.h"
#include "coordinator/docket.h"
#include "coordinator/search.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"
#include "report/certificate.h"

#define DOCKET_FIELDS 1024 /* At least the bytes of a docket without headers, */
#define HEADER_FIELDS 128  /* and of a header in it without its payload. */

/* ---- cases that wait ---- */

static size_t in_flight(const struct coordinator *coordinator)
{
    size_t count = 0;

    for (const struct docket *docket = coordinator->dockets; docket != NULL;
         docket = docket->next) {
        count += docket_is_own(docket) && !docket_is_decided(docket);
    }
    return count;
}

/* How many of CASES fit into one docket: second hearings bring a certificate each. A case stands in
 * a docket once: its next attempt waits for the next docket. */
static size_t choose_fitting(struct coordinator_store_case *cases, size_t count)
{
    size_t size = DOCKET_FIELDS;
    size_t fitting = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_twice = false;

        for (size_t j = 0; j < fitting; j++) {
            is_twice = is_twice || digest_equal(&cases[j].id, &cases[i].id);
        }
        size += is_twice ? 0 : cases[i].header.payload.size + HEADER_FIELDS;
        if (size > CODEC_DOCKET_MAX) {
            return fitting;
        }
        if (!is_twice) {
            cases[fitting++] = cases[i];
        }
    }
    return fitting;
}

/* Signs and stores a docket of CASES and starts it. */
static bool form_docket(struct coordinator *coordinator, const struct coordinator_store_case *cases,
                        size_t count, struct error *error)
{
    struct message_signed headers[COORDINATOR_DOCKET_CASES];
    struct coordinator_store_hearing hearings[COORDINATOR_DOCKET_CASES];
    struct message_docket docket = {.roster = coordinator->roster.digest,
                                    .catalog = coordinator->catalog.digest,
                                    .home = coordinator->options.index,
                                    .as_of = coordinator_clock_ms() / 1000,
                                    .case_count = count,
                                    .headers = headers};
    struct coordinator_store_docket stored = {
        .home = docket.home, .is_own = true, .as_of = docket.as_of};
    struct chair_record record = {0};
    struct docket_opening opening = {.message = &stored.docket, .record = &record};
    struct buffer payload = {0};

    if (!coordinator_store_docket_next_serial(coordinator->store, &docket.serial, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        headers[i] = cases[i].header;
        hearings[i].case_id = cases[i].id;
        hearings[i].attempt = cases[i].attempt;
        memcpy(hearings[i].submitter, cases[i].submitter, MESSAGE_KEY_SIZE);
    }
    codec_payload_encode_docket(&docket, &payload);
    stored.serial = docket.serial;
    stored.docket.payload = buffer_bytes(&payload);
    sign_payload(coordinator->keys, MESSAGE_TYPE_DOCKET, stored.docket.payload,
                 stored.docket.signature);
    hash_bytes(stored.docket.payload, &stored.id);
    bool is_ok =
        coordinator_store_docket_open(coordinator->store, &stored, hearings, count, error) &&
        docket_open(coordinator, &opening, error);

    buffer_finish(&payload);
    return is_ok;
}

void clerk_take_cases(struct coordinator *coordinator)
{
    struct coordinator_store_case *cases = NULL;
    struct error error;
    size_t count = 0;

    while (coordinator->failure.code == 0 && in_flight(coordinator) < COORDINATOR_IN_FLIGHT_MAX &&
           attendance_count(coordinator) >= coordinator->quorum.quorum_count) {
        struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
        bool is_ok =
            coordinator_store_case_waiting(coordinator->store, COORDINATOR_DOCKET_CASES, arena,
                                           &cases, &count, &error) &&
            (count == 0 || form_docket(coordinator, cases, choose_fitting(cases, count), &error));

        arena_destroy(arena);
        if (!is_ok) {
            coordinator_fail(coordinator, &error);
        }
        if (!is_ok || count == 0) {
            return;
        }
    }
}

/* ---- dockets of others ---- */

static size_t unfinished_of(const struct coordinator *coordinator, uint8_t home)
{
    size_t count = 0;

    for (const struct docket *docket = coordinator->dockets; docket != NULL;
         docket = docket->next) {
        count += docket->verified.docket.home == home && !docket->has_results;
    }
    return count;
}

/* Lets one of HOME go that is decided, whose book nobody has had for long: the seats keep books of
 * so many dockets and no more, and this coordinator may have been away. The store keeps what is
 * known of it, and a restart asks again. */
static void let_go(struct coordinator *coordinator, uint8_t home)
{
    struct docket *docket = coordinator->dockets;

    while (docket != NULL && (docket->verified.docket.home != home || docket->has_results ||
                              !docket_is_decided(docket) || loop_now_ms() < docket->close_ms)) {
        docket = docket->next;
    }
    if (docket != NULL) {
        docket_destroy(docket);
    }
}

/* What a seat checks too, and whether there is room. */
static bool may_take(struct coordinator *coordinator, const struct verify_docket *docket,
                     struct error *error)
{
    if (!digest_equal(&docket->docket.catalog, &coordinator->catalog.digest)) {
        return error_set(error, ERROR_INVALID, "it is for a catalogue that is not loaded here");
    }
    if (docket->has_earlier && !certificate_check_earlier(docket, error)) {
        return false;
    }
    if (unfinished_of(coordinator, docket->docket.home) >= SEARCH_UNFINISHED_MAX) {
        let_go(coordinator, docket->docket.home);
    }
    if (unfinished_of(coordinator, docket->docket.home) >= SEARCH_UNFINISHED_MAX) {
        return error_set(error, ERROR_LIMIT, "%d dockets of coordinator %u are not finished here",
                         SEARCH_UNFINISHED_MAX, docket->docket.home);
    }
    return true;
}

/* This key has signed what its store does not know: whatever it signs next may contradict it. */
static void refuse_own(struct coordinator *coordinator, const struct verify_docket *docket)
{
    char id[DIGEST_HEX_SIZE];
    struct error error;

    error_record(&error, ERROR_CONFLICT,
                 "the store '%s' lacks docket %llu (%.12s), which this coordinator has signed: it "
                 "is an old copy, and this key must not go on with it",
                 coordinator->options.store, (unsigned long long)docket->docket.serial,
                 encode_digest(&docket->scope.docket, id));
    coordinator_fail(coordinator, &error);
}

static bool store_learned(struct coordinator *coordinator, const struct verify_docket *docket,
                          const struct message_signed *message, struct arena *arena,
                          struct error *error)
{
    size_t count = docket->docket.case_count;
    struct coordinator_store_hearing *hearings = arena_array(arena, count, sizeof(*hearings));
    struct coordinator_store_docket stored = {.id = docket->scope.docket,
                                              .home = docket->docket.home,
                                              .serial = docket->docket.serial,
                                              .as_of = docket->docket.as_of,
                                              .docket = *message};

    CHECK(hearings != NULL);
    for (size_t i = 0; i < count; i++) {
        hearings[i].case_id = docket->cases[i];
        hearings[i].attempt = docket->docket.cases[i].attempt;
        memcpy(hearings[i].submitter, docket->docket.cases[i].signing, MESSAGE_KEY_SIZE);
    }
    return coordinator_store_docket_open(coordinator->store, &stored, hearings, count, error) &&
           accuse_home(coordinator, &stored, error);
}

bool clerk_learn(struct coordinator *coordinator, const struct message_signed *message,
                 struct error *error)
{
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct chair_record record = {0};
    struct docket_opening opening = {.message = message, .record = &record};
    struct verify_docket docket;
    struct error failure;
    char id[DIGEST_HEX_SIZE];
    bool is_ok = verify_docket(&coordinator->roster, message, arena, &docket, error);

    if (is_ok && docket.docket.home == coordinator->options.index) {
        refuse_own(coordinator, &docket);
    } else if (is_ok && (is_ok = may_take(coordinator, &docket, error))) {
        log_line(LOG_INFO, "docket %.12s of coordinator %u: %zu cases, opened there",
                 encode_digest(&docket.scope.docket, id), docket.docket.home,
                 docket.docket.case_count);
        if (!store_learned(coordinator, &docket, message, arena, &failure) ||
            !docket_open(coordinator, &opening, &failure)) {
            coordinator_fail(coordinator, &failure);
        }
    }
    arena_destroy(arena);
    return is_ok;
}

/* ---- restart ---- */

bool clerk_resume(struct coordinator *coordinator, struct error *error)
{
    struct arena *arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    struct digest *ids = NULL;
    size_t count = 0;
    bool is_ok =
        coordinator_store_docket_unfinished(coordinator->store, arena, &ids, &count, error);

    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok = docket_reopen(coordinator, &ids[i], error);
    }
    arena_destroy(arena);
    return is_ok;
}
