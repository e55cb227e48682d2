#include "coordinator/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "coordinator/paperwork.h"
#include "proto/codec.h"
#include "report/certificate.h"
#include "report/findings.h"
#include "report/report.h"

#define LINGER_MS 30000 /* A decided docket leaves memory then, whoever still lacks it, */
#define BOOK_MS   90000 /* and can be let go then, if nobody had the book behind it. */

/* Reports as the store wants them. */
struct reports {
    size_t count;
    struct coordinator_store_result *results;
    struct buffer *texts;
    size_t verdict_count;
    struct coordinator_store_verdict verdicts[MESSAGE_SEATS_MAX];
    struct arena *arena;
};

static bool has_value(const struct docket *docket)
{
    return docket->ledger != NULL &&
           digest_equal(ledger_value(docket->ledger), &docket->chair.certified.value);
}

/* Whether this coordinator answers for the papers. */
static bool wants_papers(const struct docket *docket)
{
    return docket_is_own(docket) ||
           (docket->chair.proposed.view != 0 &&
            digest_equal(&docket->chair.proposed.value, &docket->chair.certified.value));
}

/* Writes the reports, which the statement names by digest. */
static void write_reports(struct docket *docket, struct reports *out)
{
    struct report_source source = docket_source(docket);
    struct report *report = calloc(1, sizeof(*report));

    CHECK(report != NULL);
    source.book = &docket->ledger->verified;
    for (size_t i = 0; i < out->count; i++) {
        struct coordinator_store_result *result = &out->results[i];

        report_make(&source, i, report);
        report_write(report, &out->texts[i]);
        if (wants_papers(docket)) {
            paperwork_note(docket, (uint32_t)i, report);
        }
        result->report = buffer_bytes(&out->texts[i]);
        result->report_digest = docket->ledger->statement.cases[i].report;
        result->outcome = (int)report->findings.outcome;
        result->decision = findings_decision_name(report->findings.decision);
        result->is_worth_repeating = report_is_worth_repeating(report);
    }
    free(report);
}

/* All verdicts that were heard, in the book or not. */
static void gather_verdicts(const struct docket *docket, struct reports *out)
{
    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        struct bytes frame = buffer_bytes(&docket->voices[seat].verdict);
        struct message message;
        struct error error;

        if (frame.size > 0 && codec_frame_decode(frame, out->arena, &message, &error)) {
            out->verdicts[out->verdict_count++] = (struct coordinator_store_verdict){
                .seat = seat, .verdict = message.verdict.verdicts[0]};
        }
    }
}

static struct reports *reports_create(struct docket *docket)
{
    struct reports *reports = calloc(1, sizeof(*reports));

    CHECK(reports != NULL);
    reports->count = docket->verified.docket.case_count;
    reports->results = calloc(reports->count, sizeof(*reports->results));
    reports->texts = calloc(reports->count, sizeof(*reports->texts));
    reports->arena = arena_create(COORDINATOR_MESSAGE_MEMORY);
    CHECK(reports->results != NULL && reports->texts != NULL);
    write_reports(docket, reports);
    gather_verdicts(docket, reports);
    return reports;
}

static void reports_destroy(struct reports *reports)
{
    if (reports != NULL) {
        for (size_t i = 0; i < reports->count; i++) {
            buffer_finish(&reports->texts[i]);
        }
        arena_destroy(reports->arena);
        free(reports->texts);
        free(reports->results);
        free(reports);
    }
}

static struct coordinator_store_results to_store(const struct reports *reports)
{
    return (struct coordinator_store_results){.count = reports->count,
                                              .results = reports->results,
                                              .verdict_count = reports->verdict_count,
                                              .verdicts = reports->verdicts};
}

static bool make_decide(struct docket *docket, struct bytes certificate, struct error *error)
{
    struct message message = {.kind = MESSAGE_DECIDE};

    message.decide.docket = *docket_id(docket);
    message.decide.certificate = certificate;
    buffer_clear(&docket->decide);
    return codec_frame_encode(&message, &docket->decide, error);
}

/* The envelope of the COMMITs that were counted. */
static void write_certificate(const struct docket *docket, const struct seat_set *seats,
                              struct buffer *out)
{
    struct message_vote votes[MESSAGE_SEATS_MAX];
    size_t count = 0;

    for (uint8_t seat = 0; seat < docket->coordinator->quorum.seat_count; seat++) {
        const struct docket_commit *counted = &docket->voices[seat].counted;

        if (seat_set_has(seats, seat)) {
            CHECK(counted->vote.view == docket->chair.certified.view);
            CHECK(digest_equal(&counted->vote.value, &docket->chair.certified.value));
            votes[count].seat = seat;
            memcpy(votes[count++].signature, counted->signature, MESSAGE_SIGNATURE_SIZE);
        }
    }
    certificate_write(&docket->coordinator->roster, buffer_bytes(&docket->committed), votes, count,
                      out);
}

static void begin_fetch(struct docket *docket)
{
    docket->close_ms = loop_now_ms() + BOOK_MS;
    fetch_begin(docket, &docket->chair.certified.value, &docket->chair.committed);
}

/* The value, if this coordinator proposed it once. */
static bool look_up_value(struct docket *docket, struct error *error)
{
    struct report_source source = docket_source(docket);
    struct buffer frame = {0};
    struct ledger *ledger = NULL;
    bool is_ok = coordinator_store_docket_value(docket->coordinator->store,
                                                &docket->chair.certified.value, &frame, error);

    if (is_ok) {
        is_ok = ledger_read(&source, buffer_bytes(&frame), &ledger, error);
    } else if (error->code == ERROR_NOT_FOUND) {
        is_ok = true;
    }
    buffer_finish(&frame);
    if (ledger != NULL) {
        ledger_destroy(docket->ledger);
        docket->ledger = ledger;
    }
    return is_ok;
}

static void note_decision(const struct docket *docket)
{
    char id[DIGEST_HEX_SIZE];

    log_line(LOG_INFO, "docket %.12s of coordinator %u: %zu cases decided in view %u%s",
             encode_digest(docket_id(docket), id), docket->verified.docket.home,
             docket->verified.docket.case_count, (unsigned)docket->chair.certified.view,
             has_value(docket) ? "" : ", fetching the book behind it");
}

static void end(struct docket *docket)
{
    docket->has_results = true;
    docket->close_ms = loop_now_ms() + LINGER_MS;
    docket->fetch = (struct fetch){0};
    record_tell_done(docket, &docket->owed);
    docket->owed = (struct seat_set){{0, 0}};
    paperwork_fetch(docket);
}

bool record_certify(struct docket *docket, const struct chair_action *action, struct error *error)
{
    static const struct seat_set nobody = {{0, 0}};
    struct coordinator_store_certificate certificate = {.docket = *docket_id(docket),
                                                        .value = action->vote.value,
                                                        .decided_at = coordinator_clock_ms()};
    struct coordinator_store_results results;
    struct reports *reports = NULL;
    struct buffer envelope = {0};

    if (!has_value(docket) && !look_up_value(docket, error)) {
        return false;
    }
    if (seat_set_equal(&action->seats, &nobody)) {
        buffer_append(&envelope, docket->offered.data, docket->offered.size);
    } else {
        write_certificate(docket, &action->seats, &envelope);
    }
    certificate.certificate = buffer_bytes(&envelope);
    if (has_value(docket)) {
        reports = reports_create(docket);
        results = to_store(reports);
    }
    bool is_ok = coordinator_store_result_certify(docket->coordinator->store, &certificate,
                                                  reports != NULL ? &results : NULL, error) &&
                 make_decide(docket, certificate.certificate, error);

    if (is_ok) {
        note_decision(docket);
    }
    if (is_ok && reports != NULL) {
        end(docket);
    } else if (is_ok) {
        begin_fetch(docket);
    }
    reports_destroy(reports);
    buffer_finish(&envelope);
    return is_ok;
}

bool record_restore(struct docket *docket, struct error *error)
{
    struct buffer envelope = {0};
    bool is_ok = coordinator_store_result_certificate(docket->coordinator->store, docket_id(docket),
                                                      &envelope, error) &&
                 make_decide(docket, buffer_bytes(&envelope), error) &&
                 (has_value(docket) || look_up_value(docket, error));

    buffer_finish(&envelope);
    if (is_ok && !has_value(docket)) {
        begin_fetch(docket);
    }
    return is_ok && record_complete(docket, error);
}

bool record_complete(struct docket *docket, struct error *error)
{
    if (!docket_is_decided(docket) || docket->has_results || !has_value(docket)) {
        return true;
    }
    struct reports *reports = reports_create(docket);
    struct coordinator_store_results results = to_store(reports);
    char id[DIGEST_HEX_SIZE];
    bool is_ok = coordinator_store_result_save(docket->coordinator->store, docket_id(docket),
                                               &results, error);

    reports_destroy(reports);
    if (is_ok) {
        log_line(LOG_INFO, "docket %.12s of coordinator %u: the book is here, and the reports",
                 encode_digest(docket_id(docket), id), docket->verified.docket.home);
        end(docket);
    }
    return is_ok;
}

void record_tell_done(struct docket *docket, const struct seat_set *seats)
{
    struct message done = {.kind = MESSAGE_DONE};

    if (docket->has_results) {
        done.done.docket = *docket_id(docket);
        done.done.value = docket->chair.certified.value;
        coordinator_send(docket->coordinator, seats, &done);
        return;
    }
    for (unsigned word = 0; word < 2; word++) {
        docket->owed.words[word] |= seats->words[word];
    }
}

bool record_keep_conflict(struct coordinator *coordinator,
                          const struct coordinator_store_certificate *second, struct error *error)
{
    char id[DIGEST_HEX_SIZE];

    log_line(LOG_ERROR,
             "docket %.12s has certificates for two values: more than %u seats are faulty",
             encode_digest(&second->docket, id), coordinator->quorum.faulty_max);
    return coordinator_store_result_conflict(coordinator->store, second, error);
}

bool record_conflict(struct docket *docket, const struct seat_vote *vote, struct error *error)
{
    const struct coordinator_store_certificate second = {
        .docket = *docket_id(docket), .value = vote->value, .certificate = docket->offered};

    return record_keep_conflict(docket->coordinator, &second, error);
}
