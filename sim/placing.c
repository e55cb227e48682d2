#include "sim/placing.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "formats/text.h"
#include "sim/strategy.h"

/* Nodes still free, by kind. */
struct placing {
    struct draw *draw;
    struct setup *setup;
    uint8_t seats[QUORUM_SEATS_MAX];
    size_t seat_count;
    uint8_t chairs[QUORUM_COORDINATORS_MAX];
    size_t chair_count;
};

/* One entry of `faults`. */
struct entry {
    const struct tree *node;
    bool is_seat;
    bool is_mixed; /* Strategy and numbers are drawn for each node. */
    uint8_t nodes[QUORUM_SEATS_MAX];
    size_t node_count;
};

#define FAIL(placing, node, ...)                                                                   \
    (error_record((placing)->draw->error, ERROR_INVALID, __VA_ARGS__),                             \
     fail_at((placing)->draw->error, (node)))

static bool fail_at(struct error *error, const struct tree *node)
{
    char place[TREE_PLACE_SIZE];

    return error_wrap(error, "%s", tree_place(node, place));
}

static void free_all(struct placing *placing)
{
    placing->seat_count = placing->setup->seat_count;
    placing->chair_count = placing->setup->coordinator_count;
    for (size_t i = 0; i < placing->seat_count; i++) {
        placing->seats[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < placing->chair_count; i++) {
        placing->chairs[i] = (uint8_t)i;
    }
}

/* Takes the free node at INDEX. */
static uint8_t take_at(uint8_t *free, size_t *count, size_t index)
{
    uint8_t node = free[index];

    CHECK(index < *count);
    memmove(free + index, free + index + 1, *count - index - 1);
    (*count)--;
    return node;
}

static bool take_named(struct placing *placing, const struct tree *list, bool is_seat,
                       uint8_t *nodes, size_t *node_count)
{
    int64_t top = (is_seat ? placing->setup->seat_count : placing->setup->coordinator_count) - 1;
    struct draw_limits limits = {0, top, 0};
    uint8_t *free = is_seat ? placing->seats : placing->chairs;
    size_t *free_count = is_seat ? &placing->seat_count : &placing->chair_count;

    if (list->type != TREE_LIST) {
        return FAIL(placing, list, "want a list of %s, which count from 0",
                    is_seat ? "seats" : "coordinators");
    }
    *node_count = 0;
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        int64_t number = 0;
        size_t index = 0;

        if (!draw_number(placing->draw, node, &limits, &number)) {
            return false;
        }
        while (index < *free_count && free[index] != number) {
            index++;
        }
        if (index == *free_count) {
            return FAIL(placing, node, "%s %d is named already", is_seat ? "seat" : "coordinator",
                        (int)number);
        }
        nodes[(*node_count)++] = take_at(free, free_count, index);
    }
    return true;
}

static bool take_counted(struct placing *placing, const struct tree *count, const char *place,
                         bool is_seat, struct entry *out)
{
    int64_t most = is_seat ? placing->setup->seat_count : placing->setup->coordinator_count;
    struct draw_limits limits = {0, most, 0};
    uint8_t *free = is_seat ? placing->seats : placing->chairs;
    size_t *free_count = is_seat ? &placing->seat_count : &placing->chair_count;
    int64_t wanted = 1;

    if (count != NULL && !draw_number(placing->draw, count, &limits, &wanted)) {
        return false;
    }
    out->node_count = 0;
    while (out->node_count<(size_t)wanted && * free_count> 0) {
        size_t index = 0;

        if (strcmp(place, "last") == 0) {
            index = *free_count - 1;
        } else if (strcmp(place, "random") == 0) {
            index = random_below(&placing->draw->random, (uint32_t)*free_count);
        }
        out->nodes[out->node_count++] = take_at(free, free_count, index);
    }
    return true;
}

/* The word under KEY, one of WORDS, or the first of them. */
static bool get_word(struct placing *placing, const struct tree *map, const char *key,
                     const char *const *words, const char **out)
{
    const struct tree *node = tree_get(map, key);

    *out = words[0];
    if (node == NULL) {
        return true;
    }
    for (size_t i = 0; words[i] != NULL && node->type == TREE_TEXT; i++) {
        if (strcmp(node->text, words[i]) == 0) {
            *out = words[i];
            return true;
        }
    }
    return FAIL(placing, node, "\"%s\" wants %s%s%s or %s", key, words[0],
                words[2] == NULL ? "" : ", ", words[2] == NULL ? "" : words[1],
                words[2] == NULL ? words[1] : words[2]);
}

static bool take_nodes(struct placing *placing, struct entry *entry)
{
    static const char *const places[] = {"random", "first", "last", NULL};
    const struct tree *named = tree_get(entry->node, "nodes");
    const struct tree *count = tree_get(entry->node, "count");
    const char *place = NULL;

    if (!get_word(placing, entry->node, "place", places, &place)) {
        return false;
    }
    if (named != NULL && (count != NULL || tree_get(entry->node, "place") != NULL)) {
        return FAIL(placing, named, "\"nodes\" says who; leave out \"count\" and \"place\"");
    }
    return named != NULL
               ? take_named(placing, named, entry->is_seat, entry->nodes, &entry->node_count)
               : take_counted(placing, count, place, entry->is_seat, entry);
}

static bool read_strategy(struct placing *placing, const struct tree *node, bool is_seat,
                          enum setup_strategy *out)
{
    const char *names[STRATEGY_NAMES_SIZE];
    size_t count = 0;

    strategy_names(is_seat, names);
    while (names[count] != NULL) {
        count++;
    }
    for (size_t i = 0; i < count && node->type == TREE_TEXT; i++) {
        if (strcmp(names[i], node->text) == 0) {
            *out = strategy_of_name(node->text);
            return true;
        }
    }
    const char *near = node->type == TREE_TEXT ? text_nearest(node->text, names, count) : NULL;

    return FAIL(placing, node, "%s have no strategy '%.64s'; %s%s",
                is_seat ? "seats" : "coordinators", node->text == NULL ? "" : node->text,
                near == NULL ? "want a name, a list of names, or any" : "did you mean ",
                near == NULL ? "" : near);
}

/* One of the Byzantine strategies, each as likely. */
static enum setup_strategy draw_any(struct placing *placing, bool is_seat)
{
    enum setup_strategy list[SETUP_STRATEGY_COUNT];
    uint32_t count = 0;

    for (unsigned i = SETUP_HONEST + 1; i < SETUP_STRATEGY_COUNT; i++) {
        const struct strategy *strategy = strategy_get((enum setup_strategy)i);

        if (strategy->is_byzantine &&
            (is_seat ? strategy->is_for_seats : strategy->is_for_chairs)) {
            list[count++] = (enum setup_strategy)i;
        }
    }
    return list[random_below(&placing->draw->random, count)];
}

static bool draw_strategy(struct placing *placing, const struct entry *entry,
                          enum setup_strategy *out)
{
    const struct tree *node = tree_get(entry->node, "strategy");
    struct draw_choice choice;

    if (node == NULL) {
        return FAIL(placing, entry->node, "\"strategy\" is missing, want what these nodes do");
    }
    if (!draw_choice(placing->draw, node, &choice)) {
        return false;
    }
    for (size_t i = 0; i < choice.count; i++, choice.first = choice.first->next) {
        enum setup_strategy strategy = SETUP_HONEST;

        if (!read_strategy(placing, choice.first, entry->is_seat, &strategy)) {
            return false;
        }
        if (i == choice.picked) {
            *out = strategy;
        }
    }
    if (*out == SETUP_HONEST) {
        *out = draw_any(placing, entry->is_seat);
    }
    return true;
}

/* `value` or `other`: as the scenario says, else between FROM and TO, else 0. */
static bool draw_parameter(struct placing *placing, const struct entry *entry, const char *key,
                           const char *from, const char *to, uint32_t *out)
{
    const struct draw_limits limits = {0, UINT32_MAX - 1, 0};
    const struct tree *node = tree_get(entry->node, key);
    int64_t ends[2] = {0, 0};
    int64_t value = 0;

    if (node != NULL) {
        if (!draw_number(placing->draw, node, &limits, &value)) {
            return false;
        }
        *out = (uint32_t)value;
        return true;
    }
    if (from != NULL) {
        if (!draw_sum(placing->draw, from, entry->node, 0, &ends[0]) ||
            !draw_sum(placing->draw, to, entry->node, 0, &ends[1])) {
            return false;
        }
        CHECK(ends[0] >= 0);
        value = ends[1] <= ends[0] ? ends[0]
                                   : ends[0] + random_below(&placing->draw->random,
                                                            (uint32_t)(ends[1] - ends[0] + 1));
    }
    *out = (uint32_t)value;
    return true;
}

static bool draw_times(struct placing *placing, const struct entry *entry, struct setup_fault *out)
{
    const struct draw_limits limits = {0, UINT32_MAX - 1, 0};
    const struct tree *from = tree_get(entry->node, "from_ms");
    const struct tree *length = tree_get(entry->node, "for_ms");
    int64_t from_ms = 0;
    int64_t length_ms = 0;

    if ((from != NULL && !draw_number(placing->draw, from, &limits, &from_ms)) ||
        (length != NULL && !draw_number(placing->draw, length, &limits, &length_ms))) {
        return false;
    }
    out->from_ms = (uint64_t)from_ms;
    if (length != NULL) {
        out->until_ms = (uint64_t)(from_ms + length_ms);
    } else if (from != NULL) {
        out->until_ms = placing->setup->limit_ms;
    }
    if ((from != NULL || length != NULL) && out->until_ms <= out->from_ms) {
        return FAIL(placing, length == NULL ? from : length, "this fault never happens");
    }
    return true;
}

static bool draw_fault(struct placing *placing, const struct entry *entry, struct setup_fault *out)
{
    const struct draw_limits groups = {0, 255, 0};
    const struct tree *group_node = tree_get(entry->node, "group");
    int64_t group = 0;

    *out = (struct setup_fault){.is_seat = entry->is_seat};
    if (!draw_strategy(placing, entry, &out->strategy)) {
        return false;
    }
    const struct strategy *strategy = strategy_get(out->strategy);

    if (!draw_parameter(placing, entry, "value", strategy->value_from, strategy->value_to,
                        &out->value) ||
        !draw_parameter(placing, entry, "other", strategy->other_from, strategy->other_to,
                        &out->other) ||
        !draw_times(placing, entry, out) ||
        (group_node != NULL && !draw_number(placing->draw, group_node, &groups, &group))) {
        return false;
    }
    out->group = (uint8_t)group;
    return true;
}

static bool add_entry(struct placing *placing, struct entry *entry)
{
    struct setup *setup = placing->setup;
    struct setup_fault fault = {0};

    /* Also for no node at all, so that a mistake does not wait for its seed. */
    if (!draw_fault(placing, entry, &fault)) {
        return false;
    }
    if (setup->fault_count + entry->node_count > SETUP_FAULTS_MAX) {
        return FAIL(placing, entry->node, "more than %d faults", SETUP_FAULTS_MAX);
    }
    for (size_t i = 0; i < entry->node_count; i++) {
        if (i > 0 && entry->is_mixed && !draw_fault(placing, entry, &fault)) {
            return false;
        }
        fault.node = entry->nodes[i];
        setup->faults[setup->fault_count++] = fault;
    }
    return true;
}

static bool read_entry(struct placing *placing, const struct tree *node)
{
    static const char *const keys[] = {"who",   "count", "nodes", "place",   "strategy", "value",
                                       "other", "group", "mixed", "from_ms", "for_ms",   NULL};
    static const char *const kinds[] = {"seats", "chairs", NULL};
    struct entry entry = {.node = node};
    const struct tree *mixed = NULL;
    const char *who = NULL;

    if (!tree_only_keys(node, keys, placing->draw->error) ||
        !get_word(placing, node, "who", kinds, &who)) {
        return false;
    }
    entry.is_seat = who == kinds[0];
    mixed = tree_get(node, "mixed");
    if (mixed != NULL && mixed->type != TREE_BOOLEAN) {
        return FAIL(placing, mixed, "\"mixed\" wants true or false");
    }
    entry.is_mixed = mixed != NULL && mixed->integer != 0;
    return take_nodes(placing, &entry) && add_entry(placing, &entry);
}

static bool need_list(struct placing *placing, const struct tree *node)
{
    return node->type == TREE_LIST || FAIL(placing, node, "want a list");
}

bool placing_faults(struct draw *draw, const struct tree *faults, struct setup *setup)
{
    struct placing placing = {.draw = draw, .setup = setup};

    setup->fault_count = 0;
    if (faults == NULL) {
        return true;
    }
    if (!need_list(&placing, faults)) {
        return false;
    }
    free_all(&placing);
    for (const struct tree *node = faults->child; node != NULL; node = node->next) {
        if (!read_entry(&placing, node)) {
            return false;
        }
    }
    return true;
}

/* The nodes of one kind on the first side of a partition: counted, or named. */
static bool draw_side(struct placing *placing, const struct tree *node, bool is_seat,
                      struct entry *out)
{
    const struct tree *counted = tree_get(node, is_seat ? "seats" : "chairs");
    const struct tree *named = tree_get(node, is_seat ? "seat_nodes" : "chair_nodes");

    out->node_count = 0;
    if (counted != NULL && named != NULL) {
        return FAIL(placing, named, "\"%s\" says who; leave out \"%s\"", named->key, counted->key);
    }
    if (named != NULL) {
        return take_named(placing, named, is_seat, out->nodes, &out->node_count);
    }
    return counted == NULL || take_counted(placing, counted, "random", is_seat, out);
}

static bool read_partition(struct placing *placing, const struct tree *node,
                           struct setup_partition *out)
{
    static const char *const keys[] = {"from_ms", "for_ms",      "seats", "seat_nodes",
                                       "chairs",  "chair_nodes", NULL};
    const struct draw_field fields[] = {
        {"from_ms", offsetof(struct setup_partition, from_ms), 8, {0, UINT32_MAX - 1, 0}, 0},
        {"for_ms", offsetof(struct setup_partition, until_ms), 8, {1, UINT32_MAX - 1, 0}, 10000},
    };
    struct entry seats;
    struct entry chairs;

    *out = (struct setup_partition){0};
    free_all(placing);
    if (!tree_only_keys(node, keys, placing->draw->error) ||
        !draw_fields(placing->draw, node, fields, 2, out) ||
        !draw_side(placing, node, true, &seats) || !draw_side(placing, node, false, &chairs)) {
        return false;
    }
    out->until_ms += out->from_ms;
    for (size_t i = 0; i < seats.node_count; i++) {
        seat_set_add(&out->seats, seats.nodes[i]);
    }
    for (size_t i = 0; i < chairs.node_count; i++) {
        out->chairs |= (uint8_t)(1U << chairs.nodes[i]);
    }
    return true;
}

bool placing_partitions(struct draw *draw, const struct tree *partitions, struct setup *setup)
{
    struct placing placing = {.draw = draw, .setup = setup};

    setup->partition_count = 0;
    if (partitions == NULL) {
        return true;
    }
    if (!need_list(&placing, partitions)) {
        return false;
    }
    for (const struct tree *node = partitions->child; node != NULL; node = node->next) {
        if (setup->partition_count == SETUP_PARTITIONS_MAX) {
            return FAIL(&placing, node, "more than %d partitions", SETUP_PARTITIONS_MAX);
        }
        if (!read_partition(&placing, node, &setup->partitions[setup->partition_count++])) {
            return false;
        }
    }
    return true;
}
