#include "sim/fixed.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "formats/json.h"
#include "sim/flaws.h"
#include "sim/strategy.h"

/* VALUE parts of 10^DECIMALS, which YAML and JSON trees keep as text. */
static struct json *decimal(uint32_t value, unsigned decimals)
{
    uint32_t power = decimals == 6 ? 1000000 : 1000;
    char text[32];

    CHECK(decimals == 6 || decimals == 3);
    if (value % power == 0) {
        return json_integer(value / power);
    }
    (void)snprintf(text, sizeof(text), "%u.%0*u", value / power, (int)decimals, value % power);
    return json_text(text);
}

static struct json *delay(const struct setup_delay *delay, bool is_ms)
{
    struct json *json = json_object();

    switch (delay->kind) {
    case SETUP_DELAY_FIXED:
        json_set(json, "kind", json_text("fixed"));
        json_set(json, is_ms ? "ms" : "us", json_integer(delay->a));
        return json;
    case SETUP_DELAY_UNIFORM:
        json_set(json, "kind", json_text("uniform"));
        json_set(json, is_ms ? "from_ms" : "from_us", json_integer(delay->a));
        json_set(json, is_ms ? "to_ms" : "to_us", json_integer(delay->b));
        return json;
    case SETUP_DELAY_NORMAL:
        json_set(json, "kind", json_text("normal"));
        json_set(json, is_ms ? "mean_ms" : "mean_us", json_integer(delay->a));
        json_set(json, is_ms ? "deviation_ms" : "deviation_us", json_integer(delay->b));
        return json;
    case SETUP_DELAY_LOG_NORMAL:
        json_set(json, "kind", json_text("log_normal"));
        json_set(json, is_ms ? "median_ms" : "median_us", json_integer(delay->a));
        json_set(json, "sigma", decimal(delay->b, 3));
        return json;
    case SETUP_DELAY_MATRIX:
        json_set(json, "kind", json_text("matrix"));
        json_set(json, "jitter_us", json_integer(delay->b));
        return json;
    }
    CHECK_UNREACHABLE();
}

static struct json *phases(const struct setup *setup)
{
    struct json *list = json_list();

    for (size_t i = 0; i < setup->phase_count; i++) {
        const struct setup_phase *phase = &setup->phases[i];
        struct json *json = json_object();

        json_set(json, "attack", json_boolean(phase->is_attack));
        json_set(json, "asymmetry", decimal(phase->asymmetry, 6));
        json_set(json, "clog", decimal(phase->clog, 6));
        json_set(json, "clog_ms", json_integer(phase->clog_ms));
        json_set(json, "delay", delay(&phase->delay, false));
        json_set(json, "duplicate", decimal(phase->duplicate, 6));
        json_set(json, "loss", decimal(phase->loss, 6));
        json_set(json, "reorder", decimal(phase->reorder, 6));
        if (i + 1 < setup->phase_count) {
            json_set(json, "for_ms", json_integer((int64_t)(phase[1].from_ms - phase->from_ms)));
        }
        json_add(list, json);
    }
    return list;
}

static struct json *partition(const struct setup *setup, const struct setup_partition *partition)
{
    struct json *json = json_object();
    struct json *seats = json_list();
    struct json *chairs = json_list();

    for (uint8_t seat = 0; seat < setup->seat_count; seat++) {
        if (seat_set_has(&partition->seats, seat)) {
            json_add(seats, json_integer(seat));
        }
    }
    for (uint8_t chair = 0; chair < setup->coordinator_count; chair++) {
        if ((partition->chairs >> chair & 1) != 0) {
            json_add(chairs, json_integer(chair));
        }
    }
    json_set(json, "chair_nodes", chairs);
    json_set(json, "for_ms", json_integer((int64_t)(partition->until_ms - partition->from_ms)));
    json_set(json, "from_ms", json_integer((int64_t)partition->from_ms));
    json_set(json, "seat_nodes", seats);
    return json;
}

static struct json *fault(const struct setup_fault *fault)
{
    struct json *json = json_object();
    struct json *nodes = json_list();

    json_add(nodes, json_integer(fault->node));
    json_set(json, "who", json_text(fault->is_seat ? "seats" : "chairs"));
    json_set(json, "nodes", nodes);
    json_set(json, "strategy", json_text(strategy_get(fault->strategy)->name));
    json_set(json, "value", json_integer(fault->value));
    json_set(json, "other", json_integer(fault->other));
    if (fault->group != 0) {
        json_set(json, "group", json_integer(fault->group));
    }
    if (fault->until_ms != 0) {
        json_set(json, "from_ms", json_integer((int64_t)fault->from_ms));
        json_set(json, "for_ms", json_integer((int64_t)(fault->until_ms - fault->from_ms)));
    }
    return json;
}

static struct json *chances(const uint32_t *values, size_t count)
{
    struct json *json = json_object();
    struct json *list = json_list();

    for (size_t i = 0; i < count; i++) {
        json_add(list, decimal(values[i], 6));
    }
    json_set(json, "per_criterion", list);
    return json;
}

static struct json *ruleset(const struct setup *setup, const struct setup_ruleset *ruleset)
{
    struct json *json = json_object();

    json_set(json, "false_fail", chances(ruleset->false_fail, setup->criterion_count));
    json_set(json, "false_pass", chances(ruleset->false_pass, setup->criterion_count));
    json_set(json, "no_answer", decimal(ruleset->no_answer, 6));
    json_set(json, "seats", json_integer(ruleset->last_seat - ruleset->first_seat + 1));
    json_set(json, "shared", json_boolean(ruleset->is_shared));
    return json;
}

static struct json *matrix(const struct setup *setup)
{
    size_t count = (size_t)setup->seat_count + setup->coordinator_count;
    struct json *rows = json_list();

    for (size_t from = 0; from < count; from++) {
        struct json *row = json_list();

        for (size_t to = 0; to < count; to++) {
            json_add(row, json_integer(setup->matrix[from * count + to]));
        }
        json_add(rows, row);
    }
    return rows;
}

static void set_council(const struct setup *setup, struct json *json)
{
    struct json *client = json_object();
    struct json *times = json_object();

    json_set(json, "seats", json_integer(setup->seat_count));
    json_set(json, "faulty_max", json_integer(setup->faulty_max));
    json_set(json, "coordinators", json_integer(setup->coordinator_count));
    json_set(json, "cases", json_integer(setup->case_count));
    json_set(json, "case_interval_ms", json_integer(setup->case_interval_ms));
    json_set(json, "criteria", json_integer(setup->criterion_count));
    json_set(json, "true_share", decimal(setup->true_share, 6));
    json_set(json, "assessment", delay(&setup->assess, true));
    json_set(json, "crypto", json_text(setup->is_crypto_real ? "real" : "stub"));
    json_set(json, "settled_ms", json_integer((int64_t)setup->settled_ms));
    json_set(json, "limit_ms", json_integer((int64_t)setup->limit_ms));
    json_set(client, "attempts", json_integer(setup->attempt_count));
    json_set(client, "wait_ms", json_integer(setup->client_wait_ms));
    json_set(client, "hostile", json_boolean(setup->is_client_hostile));
    json_set(json, "client", client);
    json_set(times, "assess_ms", json_integer(setup->assess_ms));
    json_set(times, "settle_ms", json_integer(setup->settle_ms));
    json_set(times, "hear_ms_min", json_integer(setup->hear_ms_min));
    json_set(times, "view_ms", json_integer(setup->view_ms));
    json_set(times, "view_ms_max", json_integer(setup->view_ms_max));
    json_set(times, "repeat_ms", json_integer(setup->repeat_ms));
    json_set(times, "repeat_ms_max", json_integer(setup->repeat_ms_max));
    json_set(json, "times", times);
}

static void set_lists(const struct setup *setup, struct json *json)
{
    struct json *faults = json_list();
    struct json *partitions = json_list();
    struct json *rulesets = json_list();

    for (size_t i = 0; i < setup->fault_count; i++) {
        json_add(faults, fault(&setup->faults[i]));
    }
    for (size_t i = 0; i < setup->partition_count; i++) {
        json_add(partitions, partition(setup, &setup->partitions[i]));
    }
    for (size_t i = 0; i < setup->ruleset_count; i++) {
        json_add(rulesets, ruleset(setup, &setup->rulesets[i]));
    }
    json_set(json, "faults", faults);
    json_set(json, "partitions", partitions);
    json_set(json, "rulesets", rulesets);
    json_set(json, "phases", phases(setup));
}

void fixed_write(const struct setup *setup, const char *title, bool is_pretty, struct buffer *out)
{
    struct json *json = json_object();

    json_set(json, "title", json_text(title));
    set_council(setup, json);
    set_lists(setup, json);
    if (setup->matrix != NULL) {
        json_set(json, "matrix", matrix(setup));
    }
    for (size_t i = 0; i < FLAWS_COUNT; i++) {
        if (setup->flaws == UINT32_C(1) << i) {
            json_set(json, "flaw", json_text(flaws_name(i)));
        }
    }
    (is_pretty ? json_write_pretty : json_write)(json, out);
    json_destroy(json);
}
