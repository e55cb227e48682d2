#include "sim/record.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/csv.h"
#include "sim/queue.h"
#include "sim/strategy.h"

enum form { FORM_HEADER, FORM_ROW, FORM_TEXT, FORM_JSON };

/* Where columns go. One function names them all, so that no form can miss one. */
struct sink {
    enum form form;
    struct buffer *out;
    struct json *json;
    bool has_column;
};

static void put_text(struct sink *sink, const char *name, const char *value)
{
    if (sink->form == FORM_JSON) {
        json_set(sink->json, name, json_text(value));
        return;
    }
    if (sink->form == FORM_TEXT) {
        buffer_format(sink->out, "%-24s %s\n", name, value);
        return;
    }
    buffer_append_text(sink->out, sink->has_column ? "," : "");
    sink->has_column = true;
    csv_write_cell(sink->form == FORM_HEADER ? name : value, sink->out);
}

static void put(struct sink *sink, const char *name, uint64_t value)
{
    char text[32];

    if (sink->form == FORM_JSON) {
        json_set(sink->json, name, json_integer((int64_t)value));
        return;
    }
    (void)snprintf(text, sizeof(text), "%" PRIu64, value);
    put_text(sink, name, text);
}

/* The faults of one kind: how many nodes, doing what. */
struct faulty {
    uint64_t count;
    uint64_t value;
    const char *strategy; /* "none", the one that all follow, or "mixed". */
};

static struct faulty find_faulty(const struct setup *setup, bool is_seat)
{
    struct faulty found = {.strategy = "none"};

    for (size_t i = 0; i < setup->fault_count; i++) {
        const struct setup_fault *fault = &setup->faults[i];
        const struct strategy *strategy = strategy_get(fault->strategy);

        if (fault->is_seat == is_seat && strategy->is_byzantine) {
            bool is_same = strcmp(found.strategy, strategy->name) == 0;

            found.strategy = found.count == 0 || is_same ? strategy->name : "mixed";
            found.value = found.count == 0 || found.value == fault->value ? fault->value : 0;
            found.count++;
        }
    }
    return found;
}

/* Seats of the largest rule set whose seats err together. */
static uint64_t count_domain(const struct setup *setup)
{
    uint64_t most = 0;

    for (size_t i = 0; i < setup->ruleset_count; i++) {
        const struct setup_ruleset *ruleset = &setup->rulesets[i];
        uint64_t count = (uint64_t)(ruleset->last_seat - ruleset->first_seat + 1);

        most = ruleset->is_shared && count > most ? count : most;
    }
    return most;
}

static uint64_t count_crashes(const struct setup *setup)
{
    uint64_t count = 0;

    for (size_t i = 0; i < setup->fault_count; i++) {
        count += setup->faults[i].strategy == SETUP_CRASH ? 1 : 0;
    }
    return count;
}

static const char *delay_name(enum setup_delay_kind kind)
{
    switch (kind) {
    case SETUP_DELAY_FIXED:
        return "fixed";
    case SETUP_DELAY_UNIFORM:
        return "uniform";
    case SETUP_DELAY_NORMAL:
        return "normal";
    case SETUP_DELAY_LOG_NORMAL:
        return "log_normal";
    case SETUP_DELAY_MATRIX:
        return "matrix";
    }
    CHECK_UNREACHABLE();
}

static void put_council(struct sink *sink, const struct setup *setup)
{
    struct quorum quorum = {0};

    CHECK(quorum_init(&quorum, setup->seat_count, setup->faulty_max));
    put(sink, "seats", quorum.seat_count);
    put(sink, "faulty_max", quorum.faulty_max);
    put(sink, "quorum", quorum.quorum_count);
    put(sink, "coordinators", setup->coordinator_count);
    put(sink, "cases", setup->case_count);
    put(sink, "criteria", setup->criterion_count);
    put(sink, "domain_seats", count_domain(setup));
}

static void put_faults(struct sink *sink, const struct setup *setup)
{
    struct faulty seats = find_faulty(setup, true);
    struct faulty chairs = find_faulty(setup, false);

    put(sink, "faulty_seats", seats.count);
    put_text(sink, "seat_strategy", seats.strategy);
    put(sink, "seat_value", seats.value);
    put(sink, "faulty_chairs", chairs.count);
    put_text(sink, "chair_strategy", chairs.strategy);
    put(sink, "chair_value", chairs.value);
    put(sink, "crashes", count_crashes(setup));
    put(sink, "hostile_client", setup->is_client_hostile ? 1 : 0);
}

static void put_network(struct sink *sink, const struct setup *setup)
{
    uint64_t loss = 0;

    for (size_t i = 0; i < setup->phase_count; i++) {
        loss = setup->phases[i].loss > loss ? setup->phases[i].loss : loss;
    }
    put(sink, "phases", setup->phase_count);
    put(sink, "partitions", setup->partition_count);
    put_text(sink, "delay", delay_name(setup->phases[0].delay.kind));
    put(sink, "delay_a", setup->phases[0].delay.a);
    put(sink, "delay_b", setup->phases[0].delay.b);
    put(sink, "loss_ppm", loss);
}

static void put_course(struct sink *sink, const struct world_report *report)
{
    char hash[HEX_SIZE(8)];
    uint8_t bytes[8];

    encode_put_u64(bytes, report->hash);
    encode_hex(bytes_of(bytes, sizeof(bytes)), hash);
    put_text(sink, "failed", report->failed == WORLD_OK ? "" : world_oracle_name(report->failed));
    put_text(sink, "failure", report->failure);
    put_text(sink, "hash", hash);
    put(sink, "end_ms", report->now_ms);
    put(sink, "decided", report->decided_count);
    put(sink, "conclusive", report->conclusive_count);
    put(sink, "contested", report->contested_count);
    put(sink, "unheard", report->unheard_count);
    put(sink, "dockets", report->docket_count);
    put(sink, "view_max", report->view_max);
    put(sink, "attempt_max", report->attempt_max);
    put(sink, "latency_mean_ms",
        report->decided_count == 0 ? 0 : report->latency_sum_ms / report->decided_count);
    put(sink, "latency_max_ms", report->latency_max_ms);
}

/* "messages_new_view" from "NEW-VIEW". */
static void put_kind(struct sink *sink, const char *what, enum queue_kind kind, uint64_t value)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s_%s", what, queue_kind_name(kind));
    for (char *letter = name; *letter != '\0'; letter++) {
        *letter = *letter == '-' || *letter == ' ' ? '_' : (char)tolower((unsigned char)*letter);
    }
    put(sink, name, value);
}

static void put_traffic(struct sink *sink, const struct world_report *report)
{
    put(sink, "messages", report->message_count);
    put(sink, "delivered", report->delivered_count);
    put(sink, "bytes", report->byte_count);
    for (unsigned kind = 1; kind < QUEUE_MESSAGE_COUNT; kind++) {
        put_kind(sink, "messages", (enum queue_kind)kind, report->message_counts[kind]);
    }
    for (unsigned kind = 1; kind < QUEUE_MESSAGE_COUNT; kind++) {
        put_kind(sink, "bytes", (enum queue_kind)kind, report->byte_counts[kind]);
    }
    put(sink, "signed", report->signed_count);
    put(sink, "verified", report->verified_count);
    put(sink, "certificate_bytes", report->certificate_bytes);
}

static void put_outcome(struct sink *sink, const struct world_report *report)
{
    put(sink, "findings", report->finding_count);
    put(sink, "kept", report->kept_count);
    put(sink, "flipped", report->flipped_count);
    put(sink, "open", report->open_count);
    put(sink, "left_out", report->left_out_count);
    put(sink, "liars", report->faulty_count);
    put(sink, "proved", report->proved_count);
    put(sink, "accused", report->accused_count);
    put(sink, "divided", report->divided_count);
    for (unsigned kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "proofs_e%u", kind);
        put(sink, name, report->proofs[kind]);
    }
}

static void put_all(struct sink *sink, const struct record *record)
{
    char hex[DIGEST_HEX_SIZE];

    (void)encode_digest(record->digest, hex);
    hex[16] = '\0';
    put_text(sink, "scenario", record->scenario);
    put_text(sink, "scenario_digest", hex);
    put(sink, "seed", record->seed);
    put_council(sink, record->setup);
    put_faults(sink, record->setup);
    put_network(sink, record->setup);
    put_course(sink, record->report);
    put_traffic(sink, record->report);
    put_outcome(sink, record->report);
}

void record_header(struct buffer *out)
{
    static const struct digest digest = {{0}};
    static const struct setup setup = {
        .seat_count = 1, .phase_count = 1, .phases = {{.delay = {.kind = SETUP_DELAY_FIXED}}}};
    static const struct world_report report = {0};
    const struct record record = {"", &digest, 0, &setup, &report};
    struct sink sink = {.form = FORM_HEADER, .out = out};

    put_all(&sink, &record);
}

void record_row(const struct record *record, struct buffer *out)
{
    struct sink sink = {.form = FORM_ROW, .out = out};

    put_all(&sink, record);
}

void record_text(const struct record *record, struct buffer *out)
{
    struct sink sink = {.form = FORM_TEXT, .out = out};

    put_all(&sink, record);
}

struct json *record_json(const struct record *record)
{
    struct sink sink = {.form = FORM_JSON, .json = json_object()};

    put_all(&sink, record);
    return sink.json;
}
