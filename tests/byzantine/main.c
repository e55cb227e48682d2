/* Options of a Byzantine process, and its main(), which the linker puts in front of the program's. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/error.h"
#include "sim/scenario.h"
#include "sim/strategy.h"
#include "tests/byzantine/mischief.h"

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

static const char usage[] =
    "usage: %s --strategy NAME [--value NUMBER] [--seed S] -- OPTION...\n"
    "       %s --scenario FILE --seed S --node INDEX -- OPTION...\n"
    "\n"
    "  %s --strategy silent -- --config DIR/agent.yaml\n"
    "\n"
    "  --strategy NAME  what to do, as in scenarios of aims-sim\n"
    "  --value NUMBER   its number; what it means is in sim/setup.h\n"
    "  --scenario FILE  take the fault of this node from what SEED draws from FILE\n"
    "  --node INDEX     seat or coordinator in the scenario\n"
    "  --seed S         what chance follows from (default: 1)\n"
    "  OPTION...        of the program itself\n"
    "\n"
    "What was done is printed at the end: \"mischief NAME: D done, T of them signed twice\".\n";

struct options {
    const char *strategy;
    const char *scenario;
    uint64_t seed;
    uint64_t value;
    uint64_t node;
    bool has_value;
};

/* Numbers that do some harm where nobody gave one. */
static uint32_t default_value(enum setup_strategy strategy)
{
    switch ((int)strategy) {
    case SETUP_LATE:
        return 1500; /* Milliseconds. */
    case SETUP_SELECTIVE:
        return 1; /* Coordinator 0 alone. */
    case SETUP_FLOOD:
        return 8; /* Frames for each. */
    case SETUP_BIASED:
        return 500000;
    default:
        return 0; /* Of seats: f, once the roster is known. */
    }
}

/* Strategies that are about disks, or about what others answer, are not for a layer on the wire. */
static bool is_for_the_wire(enum setup_strategy strategy)
{
    switch ((int)strategy) {
    case SETUP_CRASH:
    case SETUP_OLD_BACKUP:
    case SETUP_LOST_ROW:
    case SETUP_UNSYNCED:
    case SETUP_TWINS:
    case SETUP_COPY_MAJORITY:
    case SETUP_NEAR_THRESHOLD:
        return false;
    default:
        return true;
    }
}

static bool set_strategy(const struct options *options, struct error *error)
{
    enum setup_strategy strategy = strategy_of_name(options->strategy);
    const struct strategy *known = strategy_get(strategy);

    if (strategy == SETUP_HONEST || !is_for_the_wire(strategy) ||
        (mischief.is_seat ? !known->is_for_seats : !known->is_for_chairs)) {
        return error_set(error, ERROR_INVALID, "--strategy '%s' is none of a %s on the wire",
                         options->strategy, mischief.is_seat ? "seat" : "coordinator");
    }
    mischief.strategy = strategy;
    mischief.value = options->has_value ? (uint32_t)options->value : default_value(strategy);
    return true;
}

static void take_fault(const struct setup_fault *fault, const struct options *options)
{
    if (fault->is_seat) {
        seat_set_add(&mischief.accomplices, fault->node);
    }
    if (fault->is_seat == mischief.is_seat && fault->node == options->node &&
        is_for_the_wire(fault->strategy)) {
        mischief.strategy = fault->strategy;
        mischief.value = fault->value != 0 ? fault->value : default_value(fault->strategy);
        mischief.from_ms = fault->from_ms;
        mischief.until_ms = fault->until_ms;
    }
}

static bool set_scenario(const struct options *options, struct error *error)
{
    struct setup *setup = calloc(1, sizeof(*setup));
    struct scenario *scenario = NULL;
    bool is_ok = false;

    CHECK(setup != NULL);
    is_ok = scenario_load(options->scenario, &scenario, error) &&
            scenario_draw(scenario, options->seed, setup, error);
    for (size_t i = 0; is_ok && i < setup->fault_count; i++) {
        take_fault(&setup->faults[i], options);
    }
    scenario_destroy(scenario);
    free(setup);
    return is_ok;
}

/* Takes one option; false when it is not as it should be. */
static bool take_option(int letter, struct options *options)
{
    switch (letter) {
    case 's':
        options->strategy = optarg;
        return true;
    case 'f':
        options->scenario = optarg;
        return true;
    case 'v':
        options->has_value = true;
        return encode_to_u64(optarg, UINT32_MAX, &options->value);
    case 'n':
        return encode_to_u64(optarg, MESSAGE_SEATS_MAX - 1, &options->node);
    case 'r':
        return encode_to_u64(optarg, UINT64_MAX, &options->seed);
    default:
        return false;
    }
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option long_options[] = {
        {"strategy", required_argument, NULL, 's'}, {"value", required_argument, NULL, 'v'},
        {"scenario", required_argument, NULL, 'f'}, {"node", required_argument, NULL, 'n'},
        {"seed", required_argument, NULL, 'r'},     {NULL, 0, NULL, 0},
    };
    int letter;

    *out = (struct options){.seed = 1};
    while ((letter = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        if (!take_option(letter, out)) {
            return false;
        }
    }
    return (out->strategy == NULL) != (out->scenario == NULL);
}

int __wrap_main(int argc, char **argv)
{
    struct options options;
    struct error error;

    mischief.is_seat = MISCHIEF_OF_A_SEAT;
    if (!parse_options(argc, argv, &options)) {
        fprintf(stderr, usage, argv[0], argv[0], argv[0]);
        return 2;
    }
    mischief.random.state = options.seed;
    mischief.started_ms = loop_now_ms();
    if (!(options.strategy != NULL ? set_strategy(&options, &error)
                                   : set_scenario(&options, &error))) {
        fprintf(stderr, "%s: %s\n", argv[0], error.message);
        return 2;
    }
    int used = optind - 1;

    argv[used] = argv[0];
    optind = 1;
    int status = __real_main(argc - used, argv + used);

    fprintf(stderr, "mischief %s: %llu done, %llu of them signed twice\n",
            strategy_get(mischief.strategy)->name, (unsigned long long)mischief.done_count,
            (unsigned long long)mischief.twice_count);
    return status;
}
