#include "sim/minimize.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define ROUNDS_MAX 8

/* Council sizes that are tried instead of a larger one. 5 and 8 tell q from its rivals. */
static const uint8_t sizes[] = {4, 5, 6, 7, 8, 9, 10, 11, 13, 16, 20, 24, 28, 32};

/* Whether SETUP with SEED fails as it should. A flaw must be to blame: without it nothing fails. */
static bool fails(struct minimize *minimize, const struct setup *setup, uint64_t seed)
{
    struct world_report report;

    minimize->run_count++;
    world_run_in(minimize->world, setup, seed, &report, NULL);
    if (report.failed != minimize->oracle || setup->flaws == 0) {
        return report.failed == minimize->oracle;
    }
    *minimize->flawless = *setup;
    minimize->flawless->flaws = 0;
    world_run_in(minimize->world, minimize->flawless, seed, &report, NULL);
    return report.failed == WORLD_OK;
}

/* Runs CANDIDATE with the seed that failed last and with some others. True, and the candidate is
 * the setup from now on, when the same oracle failed. */
static bool accept(struct minimize *minimize, const struct setup *candidate)
{
    for (uint32_t i = 0; i < minimize->tries && minimize->run_count < minimize->run_count_max;
         i++) {
        uint64_t seed = i == 0 ? minimize->seed : i;

        if (fails(minimize, candidate, seed)) {
            minimize->seed = seed;
            *minimize->setup = *candidate;
            return true;
        }
    }
    return false;
}

/* Tries without COUNT elements from INDEX of a list that begins at offset LIST. */
static bool drop(struct minimize *minimize, struct setup *candidate, size_t *list_count, void *list,
                 size_t size, size_t index, size_t count)
{
    size_t behind = *list_count - index - count;

    memmove((uint8_t *)list + index * size, (uint8_t *)list + (index + count) * size,
            behind * size);
    *list_count -= count;
    return accept(minimize, candidate);
}

enum list { LIST_FAULTS, LIST_PARTITIONS, LIST_RULESETS, LIST_COUNT };

static size_t *list_of(struct setup *setup, enum list list, void **items, size_t *size)
{
    switch (list) {
    case LIST_FAULTS:
        *items = setup->faults;
        *size = sizeof(setup->faults[0]);
        return &setup->fault_count;
    case LIST_PARTITIONS:
        *items = setup->partitions;
        *size = sizeof(setup->partitions[0]);
        return &setup->partition_count;
    case LIST_RULESETS:
        *items = setup->rulesets;
        *size = sizeof(setup->rulesets[0]);
        return &setup->ruleset_count;
    case LIST_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

/* Halves first, then quarters, down to single elements. */
static bool shorten(struct minimize *minimize, struct setup *candidate, enum list list)
{
    void *items = NULL;
    size_t size = 0;
    bool is_shorter = false;

    for (size_t part = *list_of(minimize->setup, list, &items, &size); part > 0; part /= 2) {
        for (size_t index = 0; index < *list_of(minimize->setup, list, &items, &size);) {
            *candidate = *minimize->setup;
            size_t *count = list_of(candidate, list, &items, &size);
            size_t taken = part < *count - index ? part : *count - index;

            if (drop(minimize, candidate, count, items, size, index, taken)) {
                is_shorter = true;
            } else {
                index += taken;
            }
        }
    }
    return is_shorter;
}

/* The number a node gets when only KEPT nodes of its kind remain: faulty ones first. */
struct renaming {
    uint8_t names[QUORUM_SEATS_MAX];
    bool is_kept[QUORUM_SEATS_MAX];
};

static bool rename_nodes(const struct setup *setup, bool is_seat, uint8_t all, uint8_t kept,
                         struct renaming *out)
{
    bool is_faulty[QUORUM_SEATS_MAX] = {false};
    uint8_t faulty_count = 0;
    uint8_t honest_left = 0;
    uint8_t next = 0;

    for (size_t i = 0; i < setup->fault_count; i++) {
        if (setup->faults[i].is_seat == is_seat && !is_faulty[setup->faults[i].node]) {
            is_faulty[setup->faults[i].node] = true;
            faulty_count++;
        }
    }
    if (faulty_count > kept) {
        return false;
    }
    honest_left = (uint8_t)(kept - faulty_count);
    for (uint8_t node = 0; node < all; node++) {
        out->is_kept[node] = is_faulty[node] || honest_left > 0;
        if (out->is_kept[node]) {
            honest_left = (uint8_t)(honest_left - (is_faulty[node] ? 0 : 1));
            out->names[node] = next++;
        }
    }
    return true;
}

static void rename_faults(struct setup *setup, bool is_seat, const struct renaming *renaming)
{
    for (size_t i = 0; i < setup->fault_count; i++) {
        if (setup->faults[i].is_seat == is_seat) {
            setup->faults[i].node = renaming->names[setup->faults[i].node];
        }
    }
}

static void rename_partitions(struct setup *setup, bool is_seat, uint8_t all,
                              const struct renaming *renaming)
{
    for (size_t i = 0; i < setup->partition_count; i++) {
        struct setup_partition *partition = &setup->partitions[i];
        struct setup_partition old = *partition;

        if (is_seat) {
            partition->seats = (struct seat_set){{0}};
        } else {
            partition->chairs = 0;
        }
        for (uint8_t node = 0; node < all; node++) {
            if (!renaming->is_kept[node]) {
                continue;
            }
            if (is_seat && seat_set_has(&old.seats, node)) {
                seat_set_add(&partition->seats, renaming->names[node]);
            } else if (!is_seat && (old.chairs >> node & 1) != 0) {
                partition->chairs |= (uint8_t)(1U << renaming->names[node]);
            }
        }
    }
}

/* Rule sets keep their first seats; those without any go. */
static void cut_rulesets(struct setup *setup)
{
    size_t count = 0;

    for (size_t i = 0; i < setup->ruleset_count; i++) {
        struct setup_ruleset *ruleset = &setup->rulesets[i];

        if (ruleset->first_seat < setup->seat_count) {
            uint8_t last = (uint8_t)(setup->seat_count - 1);

            ruleset->last_seat = ruleset->last_seat < last ? ruleset->last_seat : last;
            count++;
        }
    }
    setup->ruleset_count = count;
}

static bool fewer_seats(struct minimize *minimize, struct setup *candidate)
{
    for (size_t i = 0; i < sizeof(sizes) && sizes[i] < minimize->setup->seat_count; i++) {
        const struct setup *setup = minimize->setup;
        uint8_t f = quorum_faulty_max(sizes[i]);
        bool has_most = setup->faulty_max == quorum_faulty_max(setup->seat_count);
        struct renaming renaming;

        if (setup->matrix != NULL ||
            !rename_nodes(setup, true, setup->seat_count, sizes[i], &renaming)) {
            continue;
        }
        *candidate = *setup;
        rename_faults(candidate, true, &renaming);
        rename_partitions(candidate, true, setup->seat_count, &renaming);
        candidate->seat_count = sizes[i];
        candidate->faulty_max = has_most || f < setup->faulty_max ? f : setup->faulty_max;
        cut_rulesets(candidate);
        if (accept(minimize, candidate)) {
            return true;
        }
    }
    return false;
}

static bool fewer_chairs(struct minimize *minimize, struct setup *candidate)
{
    for (uint8_t count = 1; count < minimize->setup->coordinator_count; count++) {
        const struct setup *setup = minimize->setup;
        struct renaming renaming;

        if (setup->matrix != NULL ||
            !rename_nodes(setup, false, setup->coordinator_count, count, &renaming)) {
            continue;
        }
        *candidate = *setup;
        rename_faults(candidate, false, &renaming);
        rename_partitions(candidate, false, setup->coordinator_count, &renaming);
        candidate->coordinator_count = count;
        if (accept(minimize, candidate)) {
            return true;
        }
    }
    return false;
}

/* Numbers of a setup that may be smaller, and what is tried for them. */
static bool smaller_numbers(struct minimize *minimize, struct setup *candidate)
{
    bool is_smaller = false;

    for (uint16_t count = 1; count < minimize->setup->case_count; count = (uint16_t)(2 * count)) {
        *candidate = *minimize->setup;
        candidate->case_count = count;
        is_smaller = accept(minimize, candidate) || is_smaller;
    }
    for (uint16_t count = 1; count < minimize->setup->criterion_count;
         count = (uint16_t)(2 * count)) {
        *candidate = *minimize->setup;
        candidate->criterion_count = count;
        is_smaller = accept(minimize, candidate) || is_smaller;
    }
    if (minimize->setup->case_interval_ms != 0) {
        *candidate = *minimize->setup;
        candidate->case_interval_ms = 0;
        is_smaller = accept(minimize, candidate) || is_smaller;
    }
    if (minimize->setup->is_client_hostile) {
        *candidate = *minimize->setup;
        candidate->is_client_hostile = false;
        is_smaller = accept(minimize, candidate) || is_smaller;
    }
    return is_smaller;
}

/* A network in which nothing goes wrong but what FIELD says; false when nothing did anyway. */
static bool calm(struct setup_phase *phase, unsigned field)
{
    uint32_t *const fields[] = {&phase->loss, &phase->duplicate, &phase->reorder, &phase->clog,
                                &phase->asymmetry};
    const size_t count = sizeof(fields) / sizeof(fields[0]);

    if (field < count) {
        bool is_changed = *fields[field] != 0;

        *fields[field] = 0;
        return is_changed;
    }
    bool is_changed = phase->delay.kind != SETUP_DELAY_FIXED;

    phase->delay = (struct setup_delay){.kind = SETUP_DELAY_FIXED, .a = 1000};
    return is_changed;
}

static bool calmer_network(struct minimize *minimize, struct setup *candidate)
{
    bool is_calmer = false;

    for (size_t phase = 0; phase < minimize->setup->phase_count; phase++) {
        for (unsigned field = 0; field < 6; field++) {
            *candidate = *minimize->setup;
            if (calm(&candidate->phases[phase], field)) {
                is_calmer = accept(minimize, candidate) || is_calmer;
            }
        }
    }
    return is_calmer;
}

/* Drops one phase; those behind it begin earlier by its length. */
static bool fewer_phases(struct minimize *minimize, struct setup *candidate)
{
    bool is_shorter = false;

    for (size_t phase = 0; minimize->setup->phase_count > 1 && phase < minimize->setup->phase_count;
         phase++) {
        const struct setup *setup = minimize->setup;
        bool is_last = phase + 1 == setup->phase_count;
        uint64_t length_ms =
            is_last ? 0 : setup->phases[phase + 1].from_ms - setup->phases[phase].from_ms;
        uint64_t last_ms = setup->phases[setup->phase_count - 1].from_ms;

        *candidate = *setup;
        memmove(&candidate->phases[phase], &candidate->phases[phase + 1],
                (setup->phase_count - phase - 1) * sizeof(candidate->phases[0]));
        candidate->phase_count--;
        for (size_t i = phase; i < candidate->phase_count; i++) {
            candidate->phases[i].from_ms -= length_ms;
        }
        if (candidate->settled_ms == last_ms) {
            candidate->settled_ms = candidate->phases[candidate->phase_count - 1].from_ms;
        }
        is_shorter = accept(minimize, candidate) || is_shorter;
    }
    return is_shorter;
}

/* Faults with the parameters that mean least. */
static bool plainer_faults(struct minimize *minimize, struct setup *candidate)
{
    bool is_plainer = false;

    for (size_t i = 0; i < minimize->setup->fault_count; i++) {
        for (unsigned field = 0; field < 3; field++) {
            *candidate = *minimize->setup;
            struct setup_fault *fault = &candidate->faults[i];
            uint32_t *value = field == 0 ? &fault->value : &fault->other;
            bool is_changed = field < 2 ? *value != 0 : fault->group != 0;

            if (!is_changed) {
                continue;
            }
            if (field < 2) {
                *value = 0;
            } else {
                fault->group = 0;
            }
            is_plainer = accept(minimize, candidate) || is_plainer;
        }
    }
    return is_plainer;
}

static bool is_confirmed(const struct minimize *minimize)
{
    struct world_report reports[2];

    for (size_t i = 0; i < 2; i++) {
        world_run_in(minimize->world, minimize->setup, minimize->seed, &reports[i], NULL);
    }
    return reports[0].failed == minimize->oracle && reports[1].failed == minimize->oracle &&
           reports[0].hash == reports[1].hash;
}

bool minimize_run(struct minimize *minimize)
{
    struct setup *candidate = malloc(sizeof(*candidate));
    bool is_smaller = true;

    minimize->flawless = malloc(sizeof(*minimize->flawless));
    CHECK(candidate != NULL);
    CHECK(minimize->flawless != NULL);
    CHECK(minimize->tries >= 1);
    CHECK(minimize->oracle != WORLD_OK);
    for (unsigned round = 0; round < ROUNDS_MAX && is_smaller; round++) {
        is_smaller = false;
        for (unsigned list = 0; list < LIST_COUNT; list++) {
            is_smaller = shorten(minimize, candidate, (enum list)list) || is_smaller;
        }
        is_smaller = fewer_seats(minimize, candidate) || is_smaller;
        is_smaller = fewer_chairs(minimize, candidate) || is_smaller;
        is_smaller = smaller_numbers(minimize, candidate) || is_smaller;
        is_smaller = calmer_network(minimize, candidate) || is_smaller;
        is_smaller = fewer_phases(minimize, candidate) || is_smaller;
        is_smaller = plainer_faults(minimize, candidate) || is_smaller;
    }
    free(candidate);
    free(minimize->flawless);
    return is_confirmed(minimize);
}
