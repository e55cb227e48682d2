#include "sim/strategy.h"

#include <string.h>

#include "base/check.h"

#define ALIKE(text)                                                                                \
    .name = (text), .is_for_seats = true, .is_for_chairs = true, .is_byzantine = true
#define SEATS(text)  .name = (text), .is_for_seats = true, .is_byzantine = true
#define CHAIRS(text) .name = (text), .is_for_chairs = true, .is_byzantine = true

static const struct strategy table[SETUP_STRATEGY_COUNT] = {
    [SETUP_HONEST] = {.name = "honest"},
    [SETUP_SILENT] = {ALIKE("silent")},
    [SETUP_LATE] = {ALIKE("late"), .value_from = "1", .value_to = "20000"},
    [SETUP_CRASH] = {.name = "crash",
                     .is_for_seats = true,
                     .is_for_chairs = true,
                     .value_from = "0",
                     .value_to = "60",
                     .other_from = "100",
                     .other_to = "20000"},
    [SETUP_OLD_BACKUP] = {ALIKE("old_backup"), .value_from = "5", .value_to = "60",
                          .other_from = "1", .other_to = "20"},
    [SETUP_LOST_ROW] = {ALIKE("lost_row"), .value_from = "0", .value_to = "60"},
    [SETUP_UNSYNCED] = {ALIKE("unsynced"), .value_from = "0", .value_to = "60"},
    [SETUP_TWINS] = {ALIKE("twins")},
    [SETUP_NOISE] = {ALIKE("noise")},
    [SETUP_REPLAY] = {ALIKE("replay")},
    [SETUP_TWO_VERDICTS] = {SEATS("two_verdicts")},
    [SETUP_TWO_PREPARES] = {SEATS("two_prepares")},
    [SETUP_TWO_COMMITS] = {SEATS("two_commits")},
    [SETUP_AMNESIA] = {SEATS("amnesia")},
    [SETUP_FALSE_QC] = {SEATS("false_qc")},
    [SETUP_SELECTIVE] = {SEATS("selective"), .value_from = "1", .value_to = "127"},
    [SETUP_HIDE_QC] = {SEATS("hide_qc")},
    [SETUP_FORGE] = {SEATS("forge")},
    [SETUP_FLOOD] = {SEATS("flood"), .value_from = "2", .value_to = "8"},
    [SETUP_EARLY_VIEW] = {SEATS("early_view")},
    [SETUP_ALWAYS_PASS] = {SEATS("always_pass")},
    [SETUP_ALWAYS_FAIL] = {SEATS("always_fail")},
    [SETUP_COPY_MAJORITY] = {SEATS("copy_majority")},
    [SETUP_BIASED] = {SEATS("biased"), .value_from = "100000", .value_to = "1000000"},
    [SETUP_NEAR_THRESHOLD] = {SEATS("near_threshold")},
    [SETUP_INVERTED] = {SEATS("inverted")},
    [SETUP_RANDOM] = {SEATS("random")},
    [SETUP_TWO_DOCKETS] = {CHAIRS("two_dockets")},
    [SETUP_TWO_PROPOSALS] = {CHAIRS("two_proposals")},
    [SETUP_HIDDEN_LOCK] = {CHAIRS("hidden_lock"), .value_from = "1", .value_to = "f + 1"},
    [SETUP_CENSOR] = {CHAIRS("censor"), .value_from = "1", .value_to = "f + 1"},
    [SETUP_CHERRY_PICK] = {CHAIRS("cherry_pick")},
    [SETUP_SHORT_BOOK] = {CHAIRS("short_book")},
    [SETUP_BURN_VIEWS] = {CHAIRS("burn_views")},
    [SETUP_STALE_TC] = {CHAIRS("stale_tc")},
    [SETUP_PRIVATE_TC] = {CHAIRS("private_tc")},
    [SETUP_ONE_SEAT] = {CHAIRS("one_seat")},
    [SETUP_OLD_HEADER] = {CHAIRS("old_header")},
    [SETUP_HIDE_CERTIFICATE] = {CHAIRS("hide_certificate"), .value_from = "0", .value_to = "f"},
};

const struct strategy *strategy_get(enum setup_strategy strategy)
{
    CHECK(strategy < SETUP_STRATEGY_COUNT);
    return &table[strategy];
}

enum setup_strategy strategy_of_name(const char *name)
{
    for (unsigned i = SETUP_HONEST + 1; i < SETUP_STRATEGY_COUNT; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return (enum setup_strategy)i;
        }
    }
    return SETUP_HONEST;
}

void strategy_names(bool is_seat, const char *out[STRATEGY_NAMES_SIZE])
{
    size_t count = 0;

    for (unsigned i = SETUP_HONEST + 1; i < SETUP_STRATEGY_COUNT; i++) {
        if (is_seat ? table[i].is_for_seats : table[i].is_for_chairs) {
            out[count++] = table[i].name;
        }
    }
    out[count++] = "any";
    out[count] = NULL;
}
