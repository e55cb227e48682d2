#include "sim/scenario.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/check.h"
#include "crypto/hash.h"
#include "formats/tree.h"
#include "sim/draw.h"
#include "sim/files.h"
#include "sim/flaws.h"
#include "sim/placing.h"
#include "sim/tables.h"

#define MEMORY_MAX ((size_t)512 * 1024 * 1024) /* For the trees of the file and its tables. */
#define TIME_MAX   (UINT32_MAX - 1)
#define NODES_MAX  (QUORUM_SEATS_MAX + QUORUM_COORDINATORS_MAX)

struct scenario {
    struct arena *arena;
    const char *name;
    struct digest digest;
    const struct tree *tree;
    struct tables tables;
    struct tables_matrix sites;
    uint32_t matrix[NODES_MAX * NODES_MAX]; /* Of the last draw. */
};

/* One draw. */
struct drawing {
    struct draw draw;
    struct scenario *scenario;
    struct setup *setup;
};

#define FIELD(type, key, member, min, max, decimals, fallback)                                     \
    {                                                                                              \
        key, offsetof(struct type, member), sizeof(((struct type *)NULL)->member),                 \
            {min, max, decimals}, fallback                                                         \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FAIL(drawing, node, ...)                                                                   \
    (error_record((drawing)->draw.error, ERROR_INVALID, __VA_ARGS__),                              \
     fail_at((drawing)->draw.error, (node)))

static bool fail_at(struct error *error, const struct tree *node)
{
    char place[TREE_PLACE_SIZE];

    return error_wrap(error, "%s", tree_place(node, place));
}

static const struct draw_field case_fields[] = {
    FIELD(setup, "cases", case_count, 1, SETUP_CASES_MAX, 0, 1),
    FIELD(setup, "case_interval_ms", case_interval_ms, 0, TIME_MAX, 0, 0),
    FIELD(setup, "criteria", criterion_count, 1, SETUP_CRITERIA_MAX, 0, 8),
    FIELD(setup, "true_share", true_share, 0, SETUP_ALWAYS, 6, 750000),
    FIELD(setup, "limit_ms", limit_ms, 1, TIME_MAX, 0, 14400000),
};

static const struct draw_field client_fields[] = {
    FIELD(setup, "attempts", attempt_count, 1, 1000, 0, 64),
    FIELD(setup, "wait_ms", client_wait_ms, 1, TIME_MAX, 0, 10000),
};

static const struct draw_field time_fields[] = {
    FIELD(setup, "assess_ms", assess_ms, 1, TIME_MAX, 0, 60000),
    FIELD(setup, "settle_ms", settle_ms, 0, TIME_MAX, 0, 50),
    FIELD(setup, "hear_ms_min", hear_ms_min, 0, TIME_MAX, 0, 250),
    FIELD(setup, "view_ms", view_ms, 1, TIME_MAX, 0, 3000),
    FIELD(setup, "view_ms_max", view_ms_max, 1, TIME_MAX, 0, 180000),
    FIELD(setup, "repeat_ms", repeat_ms, 1, TIME_MAX, 0, 1000),
    FIELD(setup, "repeat_ms_max", repeat_ms_max, 1, TIME_MAX, 0, 15000),
};

static const struct draw_field phase_fields[] = {
    FIELD(setup_phase, "asymmetry", asymmetry, 0, 100 * SETUP_ALWAYS, 6, 0),
    FIELD(setup_phase, "loss", loss, 0, SETUP_ALWAYS, 6, 0),
    FIELD(setup_phase, "duplicate", duplicate, 0, SETUP_ALWAYS, 6, 0),
    FIELD(setup_phase, "reorder", reorder, 0, SETUP_ALWAYS, 6, 0),
    FIELD(setup_phase, "clog", clog, 0, SETUP_ALWAYS, 6, 0),
    FIELD(setup_phase, "clog_ms", clog_ms, 0, TIME_MAX, 0, 0),
};

/* The kinds of delay, and the members that their maps have. */
struct delay_kind {
    const char *name;
    enum setup_delay_kind kind;
    const char *keys[2][3]; /* In microseconds, in milliseconds; ended by NULL. */
    unsigned decimals;      /* Of the second. */
};

static const struct delay_kind delay_kinds[] = {
    {"fixed", SETUP_DELAY_FIXED, {{"us"}, {"ms"}}, 0},
    {"uniform", SETUP_DELAY_UNIFORM, {{"from_us", "to_us"}, {"from_ms", "to_ms"}}, 0},
    {"normal", SETUP_DELAY_NORMAL, {{"mean_us", "deviation_us"}, {"mean_ms", "deviation_ms"}}, 0},
    {"log_normal", SETUP_DELAY_LOG_NORMAL, {{"median_us", "sigma"}, {"median_ms", "sigma"}}, 3},
    {"matrix", SETUP_DELAY_MATRIX, {{"jitter_us"}, {NULL}}, 0},
};

static bool find_delay_kind(struct drawing *drawing, const struct tree *node, bool is_ms,
                            const struct delay_kind **out)
{
    const struct tree *kind = tree_get(node, "kind");

    for (size_t i = 0; kind != NULL && kind->type == TREE_TEXT && i < COUNT(delay_kinds); i++) {
        if (strcmp(kind->text, delay_kinds[i].name) == 0 && delay_kinds[i].keys[is_ms][0] != NULL) {
            *out = &delay_kinds[i];
            return true;
        }
    }
    return FAIL(drawing, kind == NULL ? node : kind,
                "want a map with \"kind\": fixed, uniform, normal%s",
                is_ms ? " or log_normal" : ", log_normal or matrix");
}

/* Both ends of a uniform delay in order, and a matrix where one is used. */
static bool check_delay(struct drawing *drawing, const struct tree *node,
                        const struct setup_delay *delay)
{
    if (delay->kind == SETUP_DELAY_UNIFORM && delay->a > delay->b) {
        return FAIL(drawing, node, "the delay goes from %u to %u, want the smaller first", delay->a,
                    delay->b);
    }
    if (delay->kind == SETUP_DELAY_MATRIX && drawing->scenario->sites.site_count == 0) {
        return FAIL(drawing, node, "there is no \"matrix\" of latencies in the scenario");
    }
    return true;
}

static bool read_delay(struct drawing *drawing, const struct tree *node, bool is_ms,
                       struct setup_delay *out)
{
    const struct delay_kind *kind = NULL;
    const char *keys[4] = {"kind"};
    uint32_t values[2] = {0, 0};

    if (!find_delay_kind(drawing, node, is_ms, &kind)) {
        return false;
    }
    memcpy(&keys[1], kind->keys[is_ms], sizeof(kind->keys[is_ms]));
    if (!tree_only_keys(node, keys, drawing->draw.error)) {
        return false;
    }
    for (size_t i = 0; i < 2 && keys[i + 1] != NULL; i++) {
        const struct draw_limits limits = {0, i == 1 && kind->decimals > 0 ? 5000 : TIME_MAX,
                                           i == 1 ? kind->decimals : 0};
        const struct tree *member = tree_get(node, keys[i + 1]);
        int64_t value = 0;

        if (member == NULL) {
            return FAIL(drawing, node, "\"%s\" is missing in a %s delay", keys[i + 1], kind->name);
        }
        if (!draw_number(&drawing->draw, member, &limits, &value)) {
            return false;
        }
        values[i] = (uint32_t)value;
    }
    *out = (struct setup_delay){.kind = kind->kind, .a = values[0], .b = values[1]};
    if (kind->kind == SETUP_DELAY_MATRIX) {
        *out = (struct setup_delay){.kind = kind->kind, .b = values[0]};
    }
    return check_delay(drawing, node, out);
}

/* NODE (NULL: FALLBACK), or one of its alternatives. */
static bool draw_delay(struct drawing *drawing, const struct tree *node, bool is_ms,
                       struct setup_delay fallback, struct setup_delay *out)
{
    struct setup_delay delay = fallback;
    struct draw_choice choice;

    *out = fallback;
    if (node == NULL) {
        return true;
    }
    if (!draw_choice(&drawing->draw, node, &choice)) {
        return false;
    }
    for (size_t i = 0; i < choice.count; i++, choice.first = choice.first->next) {
        if (!read_delay(drawing, choice.first, is_ms, &delay)) {
            return false;
        }
        *out = i == choice.picked ? delay : *out;
    }
    return true;
}

/* n, m, f and q. */
static bool draw_council(struct drawing *drawing)
{
    struct setup *setup = drawing->setup;
    const struct tree *tree = drawing->scenario->tree;
    const struct draw_field seats = FIELD(setup, "seats", seat_count, 1, QUORUM_SEATS_MAX, 0, 0);
    const struct draw_field chairs =
        FIELD(setup, "coordinators", coordinator_count, 1, QUORUM_COORDINATORS_MAX, 0, 1);
    struct quorum quorum;

    if (tree_get(tree, "seats") == NULL) {
        return FAIL(drawing, tree, "\"seats\" is missing, want 1 to %d", QUORUM_SEATS_MAX);
    }
    if (!draw_fields(&drawing->draw, tree, &seats, 1, setup)) {
        return false;
    }
    int64_t most = quorum_faulty_max(setup->seat_count);
    const struct draw_field faulty = FIELD(setup, "faulty_max", faulty_max, 0, most, 0, most);

    drawing->draw.symbols[DRAW_N] = setup->seat_count;
    if (!draw_fields(&drawing->draw, tree, &faulty, 1, setup)) {
        return false;
    }
    CHECK(quorum_init(&quorum, setup->seat_count, setup->faulty_max));
    drawing->draw.symbols[DRAW_F] = quorum.faulty_max;
    drawing->draw.symbols[DRAW_Q] = quorum.quorum_count;
    if (!draw_fields(&drawing->draw, tree, &chairs, 1, setup)) {
        return false;
    }
    drawing->draw.symbols[DRAW_M] = setup->coordinator_count;
    return true;
}

static bool draw_client(struct drawing *drawing)
{
    static const char *const keys[] = {"attempts", "wait_ms", "hostile", NULL};
    const struct tree *client = tree_get(drawing->scenario->tree, "client");
    const struct tree *hostile = tree_get(client, "hostile");

    if (client != NULL && !tree_only_keys(client, keys, drawing->draw.error)) {
        return false;
    }
    drawing->setup->is_client_hostile = false;
    return draw_fields(&drawing->draw, client, client_fields, COUNT(client_fields),
                       drawing->setup) &&
           (hostile == NULL ||
            draw_flag(&drawing->draw, hostile, &drawing->setup->is_client_hostile));
}

static bool draw_times(struct drawing *drawing)
{
    const char *keys[COUNT(time_fields) + 1] = {NULL};
    const struct tree *times = tree_get(drawing->scenario->tree, "times");
    struct setup *setup = drawing->setup;

    for (size_t i = 0; i < COUNT(time_fields); i++) {
        keys[i] = time_fields[i].key;
    }
    if (times != NULL && !tree_only_keys(times, keys, drawing->draw.error)) {
        return false;
    }
    if (!draw_fields(&drawing->draw, times, time_fields, COUNT(time_fields), setup)) {
        return false;
    }
    if (setup->view_ms > setup->view_ms_max || setup->repeat_ms > setup->repeat_ms_max) {
        return FAIL(drawing, times, "\"%s\" is more than \"%s_max\"",
                    setup->view_ms > setup->view_ms_max ? "view_ms" : "repeat_ms",
                    setup->view_ms > setup->view_ms_max ? "view_ms" : "repeat_ms");
    }
    return draw_delay(drawing, tree_get(drawing->scenario->tree, "assessment"), true,
                      (struct setup_delay){SETUP_DELAY_UNIFORM, 100, 1000}, &setup->assess);
}

static bool read_phase(struct drawing *drawing, const struct tree *node, bool is_alone,
                       struct setup_phase *out)
{
    static const char *const keys[] = {"for_ms",    "attack",  "delay", "asymmetry", "loss",
                                       "duplicate", "reorder", "clog",  "clog_ms",   NULL};
    const struct tree *attack = tree_get(node, "attack");

    out->is_attack = is_alone;
    return (node == NULL || tree_only_keys(node, keys, drawing->draw.error)) &&
           draw_delay(drawing, tree_get(node, "delay"), false,
                      (struct setup_delay){SETUP_DELAY_UNIFORM, 500, 5000}, &out->delay) &&
           draw_fields(&drawing->draw, node, phase_fields, COUNT(phase_fields), out) &&
           (attack == NULL || draw_flag(&drawing->draw, attack, &out->is_attack));
}

/* Adds how long phase NODE lasts to *FROM_MS; the last one has no end. */
static bool draw_length(struct drawing *drawing, const struct tree *node, uint64_t *from_ms)
{
    const struct draw_limits limits = {1, TIME_MAX, 0};
    const struct tree *length = tree_get(node, "for_ms");
    int64_t length_ms = 0;

    if ((length == NULL) != (node->next == NULL)) {
        return FAIL(drawing, length == NULL ? node : length, "%s",
                    length == NULL ? "\"for_ms\" is missing: only the last phase goes on to the end"
                                   : "the last phase goes on to the end, without \"for_ms\"");
    }
    if (length != NULL && !draw_number(&drawing->draw, length, &limits, &length_ms)) {
        return false;
    }
    *from_ms += (uint64_t)length_ms;
    return true;
}

static bool draw_phases(struct drawing *drawing)
{
    const struct tree *tree = drawing->scenario->tree;
    const struct tree *phases = tree_get(tree, "phases");
    const struct tree *network = tree_get(tree, "network");
    struct setup *setup = drawing->setup;
    uint64_t from_ms = 0;

    setup->phase_count = 1;
    setup->phases[0] = (struct setup_phase){0};
    if (phases == NULL) {
        return read_phase(drawing, network, true, &setup->phases[0]);
    }
    if (network != NULL) {
        return FAIL(drawing, network, "\"network\" is the only phase; leave out \"phases\"");
    }
    if (phases->type != TREE_LIST || phases->count == 0 || phases->count > SETUP_PHASES_MAX) {
        return FAIL(drawing, phases, "want a list of 1 to %d phases", SETUP_PHASES_MAX);
    }
    setup->phase_count = 0;
    for (const struct tree *node = phases->child; node != NULL; node = node->next) {
        struct setup_phase *phase = &setup->phases[setup->phase_count++];

        *phase = (struct setup_phase){.from_ms = from_ms};
        if (!read_phase(drawing, node, phases->count == 1, phase) ||
            !draw_length(drawing, node, &from_ms)) {
            return false;
        }
    }
    return true;
}

/* A chance for every criterion alike, or {per_criterion: [...]}. */
static bool draw_chances(struct drawing *drawing, const struct tree *node,
                         uint32_t out[SETUP_CRITERIA_MAX])
{
    const struct draw_limits limits = {0, SETUP_ALWAYS, 6};
    const struct tree *list = tree_get(node, "per_criterion");
    int64_t value = 0;

    if (node == NULL) {
        return true;
    }
    if (list != NULL &&
        (list->type != TREE_LIST || list->count != drawing->setup->criterion_count)) {
        return FAIL(drawing, list, "want a list of %u chances, one per criterion",
                    drawing->setup->criterion_count);
    }
    if (list == NULL && !draw_number(&drawing->draw, node, &limits, &value)) {
        return false;
    }
    const struct tree *item = list == NULL ? NULL : list->child;

    for (size_t i = 0; i < drawing->setup->criterion_count; i++) {
        if (item != NULL && !draw_number(&drawing->draw, item, &limits, &value)) {
            return false;
        }
        out[i] = (uint32_t)value;
        item = item == NULL ? NULL : item->next;
    }
    return true;
}

static bool read_errors(struct drawing *drawing, const struct tree *node, struct setup_ruleset *out)
{
    static const char *const rates[] = {"false_fail", "false_pass", "no_answer"};
    const struct draw_field no_answer =
        FIELD(setup_ruleset, "no_answer", no_answer, 0, SETUP_ALWAYS, 6, 0);
    const struct tree *verdicts = tree_get(node, "verdicts");
    const struct tree *name = tree_get(node, "name");
    const struct tree *shared = tree_get(node, "shared");

    if (name != NULL && name->type != TREE_TEXT) {
        return FAIL(drawing, name, "\"name\" wants the name of a rule set");
    }
    if (shared != NULL && !draw_flag(&drawing->draw, shared, &out->is_shared)) {
        return false;
    }
    if (verdicts != NULL) {
        for (size_t i = 0; i < COUNT(rates); i++) {
            if (tree_get(node, rates[i]) != NULL) {
                return FAIL(drawing, tree_get(node, rates[i]),
                            "\"verdicts\" gives the rates; leave out \"%s\"", rates[i]);
            }
        }
        return tables_verdicts(&drawing->scenario->tables, verdicts,
                               name == NULL ? NULL : name->text, drawing->setup->criterion_count,
                               out, drawing->draw.error);
    }
    return draw_chances(drawing, tree_get(node, "false_fail"), out->false_fail) &&
           draw_chances(drawing, tree_get(node, "false_pass"), out->false_pass) &&
           draw_fields(&drawing->draw, node, &no_answer, 1, out);
}

/* One entry of `rulesets`, from seat *NEXT on. */
static bool read_ruleset(struct drawing *drawing, const struct tree *node, uint8_t *next)
{
    static const char *const keys[] = {"seats",  "false_fail", "false_pass", "no_answer",
                                       "shared", "verdicts",   "name",       NULL};
    struct setup *setup = drawing->setup;
    struct setup_ruleset ruleset = {.first_seat = *next};
    const struct draw_limits limits = {0, QUORUM_SEATS_MAX, 0};
    const struct tree *seats = tree_get(node, "seats");
    int64_t count = setup->seat_count;

    if (!tree_only_keys(node, keys, drawing->draw.error) ||
        (seats != NULL && !draw_number(&drawing->draw, seats, &limits, &count)) ||
        !read_errors(drawing, node, &ruleset)) {
        return false;
    }
    int64_t left = setup->seat_count - *next;

    count = count < left ? count : left;
    if (count == 0) {
        return true;
    }
    if (setup->ruleset_count == SETUP_RULESETS_MAX) {
        return FAIL(drawing, node, "more than %d rule sets", SETUP_RULESETS_MAX);
    }
    ruleset.last_seat = (uint8_t)(*next + count - 1);
    *next = (uint8_t)(*next + count);
    setup->rulesets[setup->ruleset_count++] = ruleset;
    return true;
}

static bool draw_rulesets(struct drawing *drawing)
{
    const struct tree *list = tree_get(drawing->scenario->tree, "rulesets");
    uint8_t next = 0;

    drawing->setup->ruleset_count = 0;
    if (list == NULL) {
        return true;
    }
    if (list->type != TREE_LIST) {
        return FAIL(drawing, list, "\"rulesets\" wants a list");
    }
    for (const struct tree *node = list->child; node != NULL; node = node->next) {
        if (!read_ruleset(drawing, node, &next)) {
            return false;
        }
    }
    return true;
}

/* Every node has a site: node i that of i modulo their number, seats before coordinators. */
static void spread_latencies(struct drawing *drawing)
{
    struct scenario *scenario = drawing->scenario;
    size_t sites = scenario->sites.site_count;
    size_t nodes = (size_t)drawing->setup->seat_count + drawing->setup->coordinator_count;

    drawing->setup->matrix = sites == 0 ? NULL : scenario->matrix;
    for (size_t from = 0; sites > 0 && from < nodes; from++) {
        for (size_t to = 0; to < nodes; to++) {
            scenario->matrix[from * nodes + to] =
                scenario->sites.latencies[from % sites][to % sites];
        }
    }
}

static bool read_crypto(struct drawing *drawing)
{
    const struct tree *crypto = tree_get(drawing->scenario->tree, "crypto");

    drawing->setup->is_crypto_real = false;
    if (crypto == NULL) {
        return true;
    }
    bool is_text = crypto->type == TREE_TEXT;

    if (!is_text || (strcmp(crypto->text, "stub") != 0 && strcmp(crypto->text, "real") != 0)) {
        return FAIL(drawing, crypto, "\"crypto\" wants stub or real");
    }
    drawing->setup->is_crypto_real = strcmp(crypto->text, "real") == 0;
    return true;
}

static bool read_flaw(struct drawing *drawing)
{
    const struct tree *flaw = tree_get(drawing->scenario->tree, "flaw");

    drawing->setup->flaws = 0;
    if (flaw == NULL) {
        return true;
    }
    size_t index = flaw->type == TREE_TEXT ? flaws_of_name(flaw->text) : FLAWS_COUNT;

    if (index == FLAWS_COUNT) {
        return FAIL(drawing, flaw, "there is no flaw '%.64s'; docs/SIMULATOR.md lists them",
                    flaw->text == NULL ? "" : flaw->text);
    }
    if (!flaws_are_here()) {
        return FAIL(drawing, flaw, "this program holds no flaws; use aims-sim-flawed");
    }
    drawing->setup->flaws = UINT32_C(1) << index;
    return true;
}

/* From when on all is well and liveness counts, unless the scenario says: the last phase; when
 * there is only one, half-way. */
static bool draw_settled(struct drawing *drawing)
{
    const struct tree *settled = tree_get(drawing->scenario->tree, "settled_ms");
    const struct draw_limits limits = {0, TIME_MAX, 0};
    const struct setup *setup = drawing->setup;
    int64_t settled_ms =
        (int64_t)(setup->phase_count == 1 ? setup->limit_ms / 2
                                          : setup->phases[setup->phase_count - 1].from_ms);

    if (settled != NULL && !draw_number(&drawing->draw, settled, &limits, &settled_ms)) {
        return false;
    }
    drawing->setup->settled_ms = (uint64_t)settled_ms;
    return true;
}

bool scenario_draw(struct scenario *scenario, uint64_t seed, struct setup *out, struct error *error)
{
    struct drawing drawing = {.scenario = scenario, .setup = out};

    draw_init(&drawing.draw, seed, error);
    memset(out, 0, sizeof(*out));
    if (!draw_council(&drawing) ||
        !draw_fields(&drawing.draw, scenario->tree, case_fields, COUNT(case_fields), out) ||
        !draw_client(&drawing) || !draw_times(&drawing) || !draw_phases(&drawing) ||
        !draw_settled(&drawing) ||
        !placing_partitions(&drawing.draw, tree_get(scenario->tree, "partitions"), out) ||
        !placing_faults(&drawing.draw, tree_get(scenario->tree, "faults"), out) ||
        !draw_rulesets(&drawing) || !read_crypto(&drawing) || !read_flaw(&drawing)) {
        return false;
    }
    spread_latencies(&drawing);
    return true;
}

static bool check_keys(const struct tree *tree, struct error *error)
{
    static const char *const keys[] = {"title",      "seats",
                                       "faulty_max", "coordinators",
                                       "cases",      "case_interval_ms",
                                       "criteria",   "limit_ms",
                                       "true_share", "client",
                                       "assessment", "times",
                                       "network",    "phases",
                                       "partitions", "faults",
                                       "rulesets",   "matrix",
                                       "settled_ms", "crypto",
                                       "flaw",       NULL};
    const struct tree *title = tree_get(tree, "title");

    if (!tree_only_keys(tree, keys, error)) {
        return false;
    }
    if (title != NULL && title->type != TREE_TEXT) {
        error_record(error, ERROR_INVALID, "\"title\" wants a text");
        return fail_at(error, title);
    }
    return true;
}

static bool is_json(struct bytes source)
{
    size_t i = 0;

    while (i < source.size && strchr(" \t\r\n", source.data[i]) != NULL && source.data[i] != 0) {
        i++;
    }
    return i < source.size && source.data[i] == '{';
}

/* File name of PATH without its ending; *FOLDER is what stands before it. */
static const char *split_path(struct arena *arena, const char *path, const char **folder)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');

    *folder = arena_copy(arena, path, (size_t)(name - path));
    return arena_copy(arena, name,
                      dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name));
}

static bool read_tree(struct scenario *scenario, struct bytes source, const char *path,
                      struct error *error)
{
    struct tree *tree = NULL;
    struct setup *setup = NULL;
    const struct tree *matrix = NULL;

    scenario->name = split_path(scenario->arena, path, &scenario->tables.folder);
    CHECK(scenario->name != NULL);
    CHECK(scenario->tables.folder != NULL);
    scenario->tables.arena = scenario->arena;
    hash_bytes(source, &scenario->digest);
    if (!(is_json(source) ? tree_parse_json : tree_parse_yaml)(source, path, scenario->arena, &tree,
                                                               error)) {
        return false;
    }
    scenario->tree = tree;
    matrix = tree_get(tree, "matrix");
    if (!check_keys(tree, error) ||
        (matrix != NULL && !tables_latencies(&scenario->tables, matrix, &scenario->sites, error))) {
        return false;
    }
    /* A first draw says what is wrong before anything runs. */
    setup = malloc(sizeof(*setup));
    CHECK(setup != NULL);
    bool is_ok = scenario_draw(scenario, 0, setup, error);

    free(setup);
    return is_ok;
}

bool scenario_parse(struct bytes source, const char *name, struct scenario **out,
                    struct error *error)
{
    struct scenario *scenario = calloc(1, sizeof(*scenario));

    CHECK(scenario != NULL);
    scenario->arena = arena_create(MEMORY_MAX);
    if (!read_tree(scenario, source, name, error)) {
        scenario_destroy(scenario);
        return false;
    }
    *out = scenario;
    return true;
}

bool scenario_load(const char *path, struct scenario **out, struct error *error)
{
    struct buffer content = {0};
    bool is_ok = files_read(path, SCENARIO_SIZE_MAX, &content, error) &&
                 scenario_parse(buffer_bytes(&content), path, out, error);

    buffer_finish(&content);
    return is_ok;
}

void scenario_destroy(struct scenario *scenario)
{
    if (scenario != NULL) {
        arena_destroy(scenario->arena);
        free(scenario);
    }
}

const char *scenario_name(const struct scenario *scenario)
{
    return scenario->name;
}

const char *scenario_title(const struct scenario *scenario)
{
    const struct tree *title = tree_get(scenario->tree, "title");

    return title == NULL ? "" : title->text;
}

const struct digest *scenario_digest(const struct scenario *scenario)
{
    return &scenario->digest;
}
