#include "report/when.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define ERA_DAYS   146097 /* 400 years. */
#define EPOCH_DAYS 719468 /* From 0000-03-01 to 1970-01-01. */

struct date {
    uint32_t year;
    uint32_t month; /* 1 .. 12 */
    uint32_t day;   /* 1 .. 31 */
};

/* Years are counted from March, so that the leap day is the last of its year. */
static struct date date_of(uint32_t days)
{
    uint32_t shifted = days + EPOCH_DAYS;
    uint32_t era = shifted / ERA_DAYS;
    uint32_t of_era = shifted % ERA_DAYS;
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153; /* 0 = March. */

    return (struct date){
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
    };
}

static uint32_t days_of(struct date date)
{
    uint32_t year = date.year - (date.month <= 2);
    uint32_t of_era = year % 400;
    uint32_t month = date.month > 2 ? date.month - 3 : date.month + 9;
    uint32_t of_year = (153 * month + 2) / 5 + date.day - 1;

    return year / 400 * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
}

const char *when_day(uint32_t days, char out[WHEN_DAY_SIZE])
{
    struct date date = date_of(days < WHEN_DAY_MAX ? days : WHEN_DAY_MAX);
    int length = snprintf(out, WHEN_DAY_SIZE, "%04u-%02u-%02u", date.year % 10000, date.month % 100,
                          date.day % 100);

    CHECK(length == WHEN_DAY_SIZE - 1);
    return out;
}

const char *when_text(uint64_t seconds, char out[WHEN_TEXT_SIZE])
{
    uint64_t known = seconds < WHEN_MAX ? seconds : WHEN_MAX;
    uint32_t of_day = (uint32_t)(known % WHEN_SECONDS);
    char day[WHEN_DAY_SIZE];

    (void)when_day((uint32_t)(known / WHEN_SECONDS), day);
    int length = snprintf(out, WHEN_TEXT_SIZE, "%sT%02u:%02u:%02uZ", day, of_day / 3600 % 24,
                          of_day / 60 % 60, of_day % 60);

    CHECK(length == WHEN_TEXT_SIZE - 1);
    return out;
}

/* Two digits at TEXT, or a number that no check lets through. */
static uint32_t two_digits(const char *text)
{
    bool are_digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';

    return are_digits ? (uint32_t)(text[0] - '0') * 10 + (uint32_t)(text[1] - '0') : UINT16_MAX;
}

bool when_parse_day(const char *text, uint32_t *days)
{
    char again[WHEN_DAY_SIZE];

    if (strlen(text) != WHEN_DAY_SIZE - 1) {
        return false;
    }
    struct date date = {
        .year = two_digits(text) * 100 + two_digits(text + 2),
        .month = two_digits(text + 5),
        .day = two_digits(text + 8),
    };

    if (date.year < 1970 || date.year > 9999 || date.month > 12 || date.day > 31 ||
        date.month == 0 || date.day == 0) {
        return false;
    }
    uint32_t found = days_of(date);

    if (strcmp(when_day(found, again), text) != 0) { /* The 30th of February. */
        return false;
    }
    *days = found;
    return true;
}

bool when_parse(const char *text, uint64_t *seconds)
{
    char day[WHEN_DAY_SIZE];
    char again[WHEN_TEXT_SIZE];
    uint32_t days = 0;

    if (strlen(text) != WHEN_TEXT_SIZE - 1) {
        return false;
    }
    memcpy(day, text, WHEN_DAY_SIZE - 1);
    day[WHEN_DAY_SIZE - 1] = '\0';
    if (!when_parse_day(day, &days)) {
        return false;
    }
    uint64_t found = (uint64_t)days * WHEN_SECONDS + (uint64_t)two_digits(text + 11) * 3600 +
                     (uint64_t)two_digits(text + 14) * 60 + two_digits(text + 17);

    if (strcmp(when_text(found, again), text) != 0) {
        return false;
    }
    *seconds = found;
    return true;
}
