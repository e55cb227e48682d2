#include "sim/draw.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define NUMBER_SIZE 48 /* Characters of a number as a person writes it, with the NUL. */
#define SUM_MAX     (INT64_C(1) << 52)
#define SYMBOL_MAX  128 /* More than n, f, q and m can be. */

static const char symbol_letters[DRAW_SYMBOL_COUNT + 1] = "nfqm";

/* Fails at NODE. */
#define FAIL(draw, node, ...)                                                                      \
    (error_record((draw)->error, ERROR_INVALID, __VA_ARGS__), fail_at((draw), (node)))

static bool fail_at(struct draw *draw, const struct tree *node)
{
    char place[TREE_PLACE_SIZE];

    return error_wrap(draw->error, "%s", tree_place(node, place));
}

void draw_init(struct draw *draw, uint64_t seed, struct error *error)
{
    struct random stream = {seed ^ UINT64_C(0x7363656e6172696f)};

    *draw = (struct draw){.random = {random_next(&stream)}, .turns = seed, .error = error};
    for (size_t i = 0; i < DRAW_SYMBOL_COUNT; i++) {
        draw->symbols[i] = -1;
    }
}

static int64_t power_of_ten(unsigned exponent)
{
    int64_t power = 1;

    CHECK(exponent <= DRAW_DECIMALS_MAX);
    for (unsigned i = 0; i < exponent; i++) {
        power *= 10;
    }
    return power;
}

/* Where a sum is read. */
struct reader {
    const char *next;
    unsigned decimals;
    bool is_bad;
};

static void skip_spaces(struct reader *reader)
{
    while (*reader->next == ' ') {
        reader->next++;
    }
}

/* Digits, perhaps with a point; the number times 10^decimals. */
static int64_t read_digits(struct reader *reader)
{
    int64_t value = 0;
    unsigned behind = 0;
    bool has_point = false;

    for (; isdigit((unsigned char)*reader->next) || (*reader->next == '.' && !has_point);
         reader->next++) {
        if (*reader->next == '.') {
            has_point = true;
            continue;
        }
        behind += has_point ? 1U : 0U;
        if (behind > reader->decimals || value > SUM_MAX / 10) {
            reader->is_bad = true;
            return 0;
        }
        value = value * 10 + (*reader->next - '0');
    }
    reader->is_bad = reader->is_bad || (has_point && behind == 0);
    return value > SUM_MAX / power_of_ten(reader->decimals - behind)
               ? SUM_MAX
               : value * power_of_ten(reader->decimals - behind);
}

/* "12", "0.5", "q" or "2q". */
static int64_t read_term(const struct draw *draw, struct reader *reader)
{
    bool has_digits = isdigit((unsigned char)*reader->next) != 0;
    int64_t value = has_digits ? read_digits(reader) : power_of_ten(reader->decimals);
    const char *letter = *reader->next == '\0'
                             ? NULL
                             : strchr(symbol_letters, tolower((unsigned char)*reader->next));

    if (letter == NULL) {
        reader->is_bad = reader->is_bad || !has_digits;
        return value;
    }
    int64_t symbol = draw->symbols[letter - symbol_letters];

    reader->next++;
    reader->is_bad = reader->is_bad || symbol < 0;
    return value < SUM_MAX / SYMBOL_MAX ? value * symbol : SUM_MAX;
}

bool draw_sum(struct draw *draw, const char *text, const struct tree *node, unsigned decimals,
              int64_t *out)
{
    struct reader reader = {.next = text, .decimals = decimals};
    int64_t sum = 0;
    int64_t sign = 1;

    skip_spaces(&reader);
    if (*reader.next == '-') {
        sign = -1;
        reader.next++;
    }
    for (;;) {
        skip_spaces(&reader);
        sum += sign * read_term(draw, &reader);
        skip_spaces(&reader);
        if (*reader.next == '\0' || reader.is_bad || sum > SUM_MAX || sum < -SUM_MAX) {
            break;
        }
        reader.is_bad = *reader.next != '+' && *reader.next != '-';
        sign = *reader.next == '-' ? -1 : 1;
        reader.next++;
    }
    if (reader.is_bad || sum > SUM_MAX || sum < -SUM_MAX) {
        return FAIL(draw, node,
                    "'%.64s' is no number; want one with at most %u decimals, or a sum with n, f, "
                    "q and m where these are known",
                    text, decimals);
    }
    *out = sum;
    return true;
}

/* VALUE / 10^DECIMALS as a person writes it. */
static const char *show(int64_t value, unsigned decimals, char out[NUMBER_SIZE])
{
    int64_t power = power_of_ten(decimals);

    if (decimals == 0 || value % power == 0) {
        (void)snprintf(out, NUMBER_SIZE, "%" PRId64, value / power);
    } else {
        (void)snprintf(out, NUMBER_SIZE, "%s%" PRId64 ".%0*" PRId64, value < 0 ? "-" : "",
                       (value < 0 ? -value : value) / power, (int)decimals,
                       (value < 0 ? -value : value) % power);
    }
    return out;
}

static bool read_scalar(struct draw *draw, const struct tree *node,
                        const struct draw_limits *limits, int64_t *out)
{
    char value_text[NUMBER_SIZE];
    char min_text[NUMBER_SIZE];
    char max_text[NUMBER_SIZE];
    int64_t value = 0;

    if (node->type != TREE_INTEGER && node->type != TREE_TEXT) {
        return FAIL(draw, node,
                    "want a number, {from: A, to: B}, a list of these, or {every: ...}");
    }
    if (!draw_sum(draw, node->text, node, limits->decimals, &value)) {
        return false;
    }
    if (value < limits->min || value > limits->max) {
        return FAIL(draw, node, "%s%s%s is %s, want %s to %s", node->key == NULL ? "" : "\"",
                    node->key == NULL ? "this" : node->key, node->key == NULL ? "" : "\"",
                    show(value, limits->decimals, value_text),
                    show(limits->min, limits->decimals, min_text),
                    show(limits->max, limits->decimals, max_text));
    }
    *out = value;
    return true;
}

static bool read_range(struct draw *draw, const struct tree *node, const struct draw_limits *limits,
                       int64_t ends[2])
{
    static const char *const keys[] = {"from", "to", NULL};

    if (!tree_only_keys(node, keys, draw->error)) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct tree *end = tree_get(node, keys[i]);

        if (end == NULL) {
            return FAIL(draw, node, "\"%s\" is missing in a range {from: A, to: B}", keys[i]);
        }
        if (!read_scalar(draw, end, limits, &ends[i])) {
            return false;
        }
    }
    if (ends[0] > ends[1]) {
        char from[NUMBER_SIZE];
        char to[NUMBER_SIZE];

        return FAIL(draw, node, "the range goes from %s to %s, want the smaller number first",
                    show(ends[0], limits->decimals, from), show(ends[1], limits->decimals, to));
    }
    return true;
}

/* Index 0 .. count - 1 by the seed itself. */
static uint64_t take_turn(struct draw *draw, uint64_t count)
{
    uint64_t index = draw->turns % count;

    draw->turns /= count;
    return index;
}

/* A number or a range, without alternatives. */
static bool draw_simple(struct draw *draw, const struct tree *node,
                        const struct draw_limits *limits, bool is_every, int64_t *out)
{
    int64_t ends[2] = {0, 0};

    if (node->type != TREE_MAP) {
        return read_scalar(draw, node, limits, out);
    }
    if (!read_range(draw, node, limits, ends)) {
        return false;
    }
    uint64_t count = (uint64_t)(ends[1] - ends[0]) + 1;

    CHECK(count <= UINT32_MAX);
    *out = ends[0] + (int64_t)(is_every ? take_turn(draw, count)
                                        : random_below(&draw->random, (uint32_t)count));
    return true;
}

static const struct tree *get_every(const struct tree *node)
{
    return node->type == TREE_MAP && node->count == 1 ? tree_get(node, "every") : NULL;
}

bool draw_choice(struct draw *draw, const struct tree *node, struct draw_choice *out)
{
    const struct tree *every = get_every(node);
    const struct tree *list = every == NULL ? node : every;

    if (list->type != TREE_LIST) {
        if (every != NULL) {
            return FAIL(draw, every, "want a list of what \"every\" goes through");
        }
        *out = (struct draw_choice){.first = node, .count = 1};
        return true;
    }
    if (list->count == 0) {
        return FAIL(draw, list, "the list is empty, want at least one alternative");
    }
    *out = (struct draw_choice){
        .first = list->child,
        .count = list->count,
        .picked = every != NULL ? (size_t)take_turn(draw, list->count)
                                : random_below(&draw->random, (uint32_t)list->count),
    };
    return true;
}

bool draw_number(struct draw *draw, const struct tree *node, const struct draw_limits *limits,
                 int64_t *out)
{
    const struct tree *every = get_every(node);
    struct draw_choice choice;
    int64_t value = 0;
    int64_t picked = 0;

    CHECK(limits->min >= 0);
    CHECK(limits->max <= DRAW_NUMBER_MAX);
    if (every != NULL && every->type == TREE_MAP) {
        return draw_simple(draw, every, limits, true, out);
    }
    if (!draw_choice(draw, node, &choice)) {
        return false;
    }
    for (size_t i = 0; i < choice.count; i++, choice.first = choice.first->next) {
        if (!draw_simple(draw, choice.first, limits, false, &value)) {
            return false;
        }
        picked = i == choice.picked ? value : picked;
    }
    *out = picked;
    return true;
}

bool draw_flag(struct draw *draw, const struct tree *node, bool *out)
{
    struct draw_choice choice;

    if (!draw_choice(draw, node, &choice)) {
        return false;
    }
    for (size_t i = 0; i < choice.count; i++, choice.first = choice.first->next) {
        if (choice.first->type != TREE_BOOLEAN) {
            return FAIL(draw, choice.first, "want true or false");
        }
        *out = i == choice.picked ? choice.first->integer != 0 : *out;
    }
    return true;
}

static void store(void *out, const struct draw_field *field, int64_t value)
{
    uint8_t *place = (uint8_t *)out + field->offset;
    uint8_t as_8 = (uint8_t)value;
    uint16_t as_16 = (uint16_t)value;
    uint32_t as_32 = (uint32_t)value;
    uint64_t as_64 = (uint64_t)value;

    switch (field->size) {
    case 1:
        memcpy(place, &as_8, sizeof(as_8));
        return;
    case 2:
        memcpy(place, &as_16, sizeof(as_16));
        return;
    case 4:
        memcpy(place, &as_32, sizeof(as_32));
        return;
    case 8:
        memcpy(place, &as_64, sizeof(as_64));
        return;
    default:
        CHECK_UNREACHABLE();
    }
}

bool draw_fields(struct draw *draw, const struct tree *map, const struct draw_field *fields,
                 size_t count, void *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct tree *node = tree_get(map, fields[i].key);
        int64_t value = fields[i].fallback;

        if (node != NULL && !draw_number(draw, node, &fields[i].limits, &value)) {
            return false;
        }
        store(out, &fields[i], value);
    }
    return true;
}
