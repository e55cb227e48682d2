/* aims council check: what each part of a council could do if it failed as a whole. */

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "client/commands.h"
#include "client/data.h"
#include "client/file.h"
#include "client/options.h"
#include "client/print.h"
#include "formats/json.h"
#include "proto/roster.h"

/* What COUNT seats in one hand can do, from the least to the most. */
enum power {
    POWER_NOTHING = 0, /* At most f: the council bears it. */
    POWER_BEYOND,      /* More than f: no promise of the protocol covers it. */
    POWER_BLOCK,       /* More than n - q: no finding stands without them. */
    POWER_ALONE,       /* At least q: they make findings alone. */
};

static enum power power_of(const struct roster *roster, size_t count)
{
    if (count >= roster->quorum_count) {
        return POWER_ALONE;
    }
    if (count > (size_t)roster->seat_count - roster->quorum_count) {
        return POWER_BLOCK;
    }
    return count > roster->faulty_max ? POWER_BEYOND : POWER_NOTHING;
}

static const char *power_word(enum power power)
{
    static const char *const words[] = {"nothing", "beyond", "block", "alone"};

    return words[power];
}

static const char *power_text(enum power power)
{
    static const char *const texts[] = {
        "nothing: the council bears it",
        "more than f seats: no promise of the protocol covers it",
        "could keep findings from standing",
        "could make findings stand alone",
    };

    return texts[power];
}

enum { KIND_COUNT = 3 };

static const char *const kinds[KIND_COUNT] = {"operator", "ruleset", "host"};

static const char *domain_of(const struct roster_seat *seat, size_t kind)
{
    const char *const names[KIND_COUNT] = {seat->operator_name, seat->ruleset, seat->host};

    return names[kind];
}

struct domain {
    size_t kind;
    const char *name;
    size_t seat_count;
    enum power power;
};

/* All fault domains, kind by kind, each kind in the order of its first seats. */
static size_t list_domains(const struct roster *roster, struct domain *out)
{
    size_t count = 0;

    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        size_t first = count;

        for (uint8_t seat = 0; seat < roster->seat_count; seat++) {
            const char *name = domain_of(&roster->seats[seat], kind);
            size_t i = first;

            while (i < count && strcmp(out[i].name, name) != 0) {
                i++;
            }
            if (i == count) {
                out[count++] = (struct domain){.kind = kind, .name = name};
            }
            out[i].seat_count++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        out[i].power = power_of(roster, out[i].seat_count);
    }
    return count;
}

/* Coordinators of the operator that has most of them. */
static uint8_t coordinators_in_one_hand(const struct roster *roster)
{
    uint8_t most = 0;

    for (uint8_t i = 0; i < roster->coordinator_count; i++) {
        uint8_t count = 0;

        for (uint8_t j = 0; j < roster->coordinator_count; j++) {
            if (strcmp(roster->coordinators[i].operator_name,
                       roster->coordinators[j].operator_name) == 0) {
                count++;
            }
        }
        most = count > most ? count : most;
    }
    return most;
}

static void print_json(const struct roster *roster, const struct domain *domains, size_t count)
{
    struct json *json = json_object();
    struct json *list = json_list();

    for (size_t i = 0; i < count; i++) {
        struct json *entry = json_object();

        json_set(entry, "kind", json_text(kinds[domains[i].kind]));
        json_set(entry, "name", json_text(domains[i].name));
        json_set(entry, "power", json_text(power_word(domains[i].power)));
        json_set(entry, "seats", json_integer((int64_t)domains[i].seat_count));
        json_add(list, entry);
    }
    json_set(json, "coordinators", json_integer(roster->coordinator_count));
    json_set(json, "coordinatorsInOneHand", json_integer(coordinators_in_one_hand(roster)));
    json_set(json, "domains", list);
    json_set(json, "f", json_integer(roster->faulty_max));
    json_set(json, "n", json_integer(roster->seat_count));
    json_set(json, "name", json_text(roster->name));
    json_set(json, "q", json_integer(roster->quorum_count));
    json_set(json, "roster", json_digest(&roster->digest));
    file_print_json(json);
}

static void print_text(const struct roster *roster, const struct domain *domains, size_t count)
{
    print_clean(roster->name, stdout);
    printf(": n = %u seats, f = %u may be faulty, q = %u agree, %u coordinator%s\n",
           roster->seat_count, roster->faulty_max, roster->quorum_count, roster->coordinator_count,
           roster->coordinator_count == 1 ? "" : "s");
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        size_t domain_count = 0;
        size_t harmless_count = 0;

        for (size_t i = 0; i < count; i++) {
            domain_count += domains[i].kind == kind;
            harmless_count += domains[i].kind == kind && domains[i].power == POWER_NOTHING;
        }
        printf("\n%zu %s%s; if one fails whole:\n", domain_count, kinds[kind],
               domain_count == 1 ? "" : "s");
        if (harmless_count > 0) {
            printf("  %zu of them: %s\n", harmless_count, power_text(POWER_NOTHING));
        }
        for (size_t i = 0; i < count; i++) {
            if (domains[i].kind == kind && domains[i].power != POWER_NOTHING) {
                printf("  ");
                print_clean(domains[i].name, stdout);
                printf(", %zu seat%s: %s\n", domains[i].seat_count,
                       domains[i].seat_count == 1 ? "" : "s", power_text(domains[i].power));
            }
        }
    }
    printf("\n%u coordinator%s, at most %u in one hand: %s\n", roster->coordinator_count,
           roster->coordinator_count == 1 ? "" : "s", coordinators_in_one_hand(roster),
           coordinators_in_one_hand(roster) == roster->coordinator_count
               ? "whoever runs them can keep the council from deciding, and nothing else"
               : "the council decides while one of them works");
}

static bool check_roster(const struct options *options, struct arena *arena,
                         enum command_exit *exit, struct error *error)
{
    static struct domain domains[KIND_COUNT * MESSAGE_SEATS_MAX];
    struct roster roster;
    size_t strong_count = 0;

    if (!roster_load(options->arguments[0], arena, &roster, error)) {
        return false;
    }
    size_t count = list_domains(&roster, domains);

    (options->is_json ? print_json : print_text)(&roster, domains, count);
    for (size_t i = 0; i < count; i++) {
        strong_count += domains[i].power != POWER_NOTHING;
    }
    if (strong_count > 0) {
        fprintf(stderr, "aims: %s: %zu fault domain%s hold%s more than f = %u seats\n",
                options_has(options, "strict") ? "refused" : "warning", strong_count,
                strong_count == 1 ? "" : "s", strong_count == 1 ? "s" : "", roster.faulty_max);
        *exit = options_has(options, "strict") ? COMMAND_NEGATIVE : COMMAND_DONE;
    }
    return true;
}

static bool run_check(const struct options *options, enum command_exit *exit, struct error *error)
{
    struct arena *arena = arena_create(DATA_MEMORY_MAX);
    bool is_ok = check_roster(options, arena, exit, error);

    arena_destroy(arena);
    return is_ok;
}

static const struct command_option check_options[] = {
    {"strict", 0, false, NULL,
     "exit 1 when one operator, rule set or host holds more than f seats"},
    {NULL, 0, false, NULL, NULL},
};

const struct command council_check_command = {
    .name = "council check",
    .summary = "say what one operator, rule set or host could do to a council",
    .arguments = "ROSTER",
    .argument_min = 1,
    .argument_max = 1,
    .examples = "  aims council check council/roster.json\n"
                "  aims council check council/roster.json --strict\n",
    .options = check_options,
    .run = run_check,
};
