#include "evidence/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "evidence/requirement.h"
#include "formats/text.h"

#define YEAR_MIN 1900
#define YEAR_MAX 2199

const char *value_quote(const char *text, char out[VALUE_QUOTE_SIZE])
{
    size_t room = VALUE_QUOTE_SIZE - 6; /* Two quotes, three dots, NUL. */
    size_t size = strnlen(text, room + 1);
    bool is_cut = size > room;

    if (is_cut) {
        size = room;
        while (size > 0 && ((uint8_t)text[size] & 0xC0) == 0x80) { /* Between characters only. */
            size--;
        }
    }
    (void)snprintf(out, VALUE_QUOTE_SIZE, "\"%.*s%s\"", (int)size, text, is_cut ? "..." : "");
    for (char *byte = out; *byte != '\0'; byte++) {
        if ((uint8_t)*byte < 0x20 || *byte == 0x7F) {
            *byte = '?';
        }
    }
    return out;
}

/* Reads MIN to MAX digits at *TEXT and moves it behind them; -1 when there are fewer or more. */
static int take_number(const char **text, size_t min, size_t max)
{
    size_t size = strspn(*text, "0123456789");
    int value = 0;

    if (size < min || size > max) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        value = value * 10 + ((*text)[i] - '0');
    }
    *text += size;
    return value;
}

static bool take_letter(const char **text, char letter)
{
    if (**text != letter) {
        return false;
    }
    (*text)++;
    return true;
}

struct day {
    int year;
    int month;
    int day;
};

static bool read_iso(const char *text, struct day *day)
{
    day->year = take_number(&text, 4, 4);
    if (day->year < 0 || !take_letter(&text, '-')) {
        return false;
    }
    day->month = take_number(&text, 2, 2);
    if (day->month < 0 || !take_letter(&text, '-')) {
        return false;
    }
    day->day = take_number(&text, 2, 2);
    return day->day >= 0 && *text == '\0';
}

static bool read_dotted(const char *text, struct day *day)
{
    day->day = take_number(&text, 1, 2);
    if (day->day < 0 || !take_letter(&text, '.')) {
        return false;
    }
    day->month = take_number(&text, 1, 2);
    if (day->month < 0 || !take_letter(&text, '.')) {
        return false;
    }
    day->year = take_number(&text, 4, 4);
    return day->year >= 0 && *text == '\0';
}

static bool exists(const struct day *day)
{
    static const int sizes[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (day->year % 4 == 0 && day->year % 100 != 0) || day->year % 400 == 0;

    if (day->month < 1 || day->month > 12) {
        return false;
    }
    return day->day >= 1 && day->day <= sizes[day->month - 1] + (day->month == 2 && is_leap);
}

static bool refuse_date(const char *text, struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    const char *hint = "";

    if (strchr(text, '/') != NULL) {
        return error_set(error, ERROR_INVALID,
                         "%s is ambiguous, because slashes mean different days in different "
                         "countries; write YYYY-MM-DD",
                         value_quote(text, quote));
    }
    if (strlen(text) == 5 && strspn(text, "0123456789") == 5) {
        hint = ", but perhaps a spreadsheet's number of a day";
    }
    return error_set(error, ERROR_INVALID, "%s is not a date%s; write YYYY-MM-DD",
                     value_quote(text, quote), hint);
}

bool value_read_date(const char *text, char out[VALUE_DATE_SIZE], bool *is_converted,
                     struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    struct day day;
    bool is_iso = read_iso(text, &day);

    if (!is_iso && !read_dotted(text, &day)) {
        return refuse_date(text, error);
    }
    if (day.year < YEAR_MIN || day.year > YEAR_MAX) { /* A slip of the pen. */
        return error_set(error, ERROR_INVALID, "%s is not in the years %d to %d",
                         value_quote(text, quote), YEAR_MIN, YEAR_MAX);
    }
    if (!exists(&day)) {
        return error_set(error, ERROR_INVALID, "%s is a day that does not exist",
                         value_quote(text, quote));
    }
    *is_converted = !is_iso;
    if (is_iso) {
        memcpy(out, text, VALUE_DATE_SIZE);
        return true;
    }
    int size = snprintf(out, VALUE_DATE_SIZE, "%04u-%02u-%02u", (unsigned)day.year % 10000,
                        (unsigned)day.month % 100, (unsigned)day.day % 100);

    CHECK(size == VALUE_DATE_SIZE - 1);
    return true;
}

/* What spreadsheets make of 6.1.2: 2002-01-06, 6/1/2002, 06.01.2002, 6-Jan-02, 6. Jan. */
static bool looks_like_date(const char *text)
{
    struct day day;
    const char *rest = text;

    if (read_iso(text, &day) || read_dotted(text, &day)) {
        return true;
    }
    if (take_number(&rest, 1, 2) < 0) {
        return false;
    }
    rest += strspn(rest, "-. /");
    return strchr(text, '/') != NULL || (rest[0] >= 'A' && rest[0] <= 'Z') ||
           (rest[0] >= 'a' && rest[0] <= 'z');
}

bool value_read_requirement(const char *text, const char **out, struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    const char *id = strncmp(text, "cl.", 3) == 0 ? text + 3 : text;

    if (requirement_is_known(id)) {
        *out = id;
        return true;
    }
    (void)value_quote(text, quote);
    if (looks_like_date(text)) {
        return error_set(error, ERROR_INVALID,
                         "%s is a date, which a spreadsheet has made of a requirement like 6.1.2; "
                         "write it as cl.6.1.2",
                         quote);
    }
    const char *near = text_nearest(id, requirement_ids, REQUIREMENT_COUNT);

    return error_set(error, ERROR_INVALID, "%s is no requirement that can be assessed%s%s%s", quote,
                     near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                     near == NULL ? "" : "?");
}

bool value_check_id(const char *text, struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    const char *end = text;

    while ((*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z') ||
           (*end >= '0' && *end <= '9') || *end == '.' || *end == '_' || *end == ':' ||
           *end == '-') {
        end++;
    }
    if (end == text || *end != '\0' || end - text > VALUE_ID_MAX) {
        return error_set(error, ERROR_INVALID,
                         "%s is no id; an id is 1 to %d letters, digits and . _ : -",
                         value_quote(text, quote), VALUE_ID_MAX);
    }
    return true;
}

static bool read_integer(const char *text, struct dataset_value *out, struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t size = strspn(digits, "0123456789");

    errno = 0;
    if (size == 0 || digits[size] != '\0') {
        return error_set(error, ERROR_INVALID,
                         "%s is not a whole number; write digits only, such as 1200",
                         value_quote(text, quote));
    }
    out->integer = strtoll(text, NULL, 10);
    if (errno != 0) {
        return error_set(error, ERROR_INVALID, "%s is too large a number",
                         value_quote(text, quote));
    }
    out->type = DATASET_INTEGER;
    return true;
}

static bool read_boolean(const char *text, struct dataset_value *out, struct error *error)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};
    char quote[VALUE_QUOTE_SIZE];

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out = (struct dataset_value){.type = DATASET_INTEGER, .integer = i % 2};
            return true;
        }
    }
    return error_set(error, ERROR_INVALID, "%s is not yes or no", value_quote(text, quote));
}

static bool refuse_choice(const struct schema_column *column, const char *text, struct error *error)
{
    char quote[VALUE_QUOTE_SIZE];
    char list[300];
    size_t used = 0;

    for (size_t i = 0; i < column->choice_count && used < sizeof(list); i++) {
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ",
                                 column->choices[i]);
    }
    (void)value_quote(text, quote);
    if (used < sizeof(list)) {
        return error_set(error, ERROR_INVALID, "%s is not one of %s", quote, list);
    }
    const char *near = text_nearest(text, column->choices, column->choice_count);

    return error_set(error, ERROR_INVALID, "%s is not one of the %zu words allowed here%s%s%s",
                     quote, column->choice_count, near == NULL ? "" : "; did you mean ",
                     near == NULL ? "" : near, near == NULL ? "" : "?");
}

static bool check_choice(const struct schema_column *column, const char *text, struct error *error)
{
    for (size_t i = 0; i < column->choice_count; i++) {
        if (strcmp(column->choices[i], text) == 0) {
            return true;
        }
    }
    return refuse_choice(column, text, error);
}

bool value_read(const struct schema_column *column, const char *text, struct dataset_value *out,
                struct error *error)
{
    struct dataset_value value = {.type = DATASET_TEXT, .text = text};
    bool is_good = true;

    switch (column->type) {
    case SCHEMA_TEXT:
        break;
    case SCHEMA_ID:
    case SCHEMA_REFERENCE:
        is_good = value_check_id(text, error);
        break;
    case SCHEMA_INTEGER:
        is_good = read_integer(text, &value, error);
        break;
    case SCHEMA_BOOLEAN:
        is_good = read_boolean(text, &value, error);
        break;
    case SCHEMA_CHOICE:
        is_good = check_choice(column, text, error);
        break;
    case SCHEMA_DATE:
    case SCHEMA_LIST:
    case SCHEMA_FILE:
    default:
        CHECK_UNREACHABLE();
    }
    if (is_good) {
        *out = value;
    }
    return is_good;
}
