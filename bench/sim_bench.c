/* Simulated messages per second and core, with stub signatures, for councils of 5, 8 and 33 seats
 * under 1 and 3 coordinators; and whole runs. One JSON line. Processor time, so that a busy machine
 * does not matter much. */

#include <stdio.h>
#include <time.h>

#include "council/quorum.h"
#include "sim/world.h"

#define SECONDS 1.0 /* Of processor time for each council, at least. */

static double processor_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Healthy, but for a network that is like a real one. */
static struct setup make_setup(uint8_t seats, uint8_t coordinators)
{
    struct setup setup = {
        .seat_count = seats,
        .faulty_max = quorum_faulty_max(seats),
        .coordinator_count = coordinators,
        .case_count = 1,
        .criterion_count = 16,
        .true_share = 800000,
        .attempt_count = 64,
        .client_wait_ms = 60000,
        .assess = {.kind = SETUP_DELAY_UNIFORM, .a = 200, .b = 800},
        .assess_ms = 60000,
        .settle_ms = 50,
        .hear_ms_min = 250,
        .view_ms = 3000,
        .view_ms_max = 180000,
        .repeat_ms = 1000,
        .repeat_ms_max = 8000,
        .phase_count = 1,
        .limit_ms = 3600000,
    };

    setup.phases[0].delay = (struct setup_delay){SETUP_DELAY_LOG_NORMAL, 20000, 300};
    setup.phases[0].loss = 1000;
    setup.settled_ms = 60000;
    return setup;
}

static void measure(struct world *world, uint8_t seats, uint8_t coordinators, const char *separator)
{
    struct setup setup = make_setup(seats, coordinators);
    uint64_t messages = 0;
    uint64_t runs = 0;
    double began_s = processor_s();
    double took_s = 0;

    while (took_s < SECONDS) {
        struct world_report report;

        world_run_in(world, &setup, ++runs, &report, NULL);
        messages += report.delivered_count;
        took_s = processor_s() - began_s;
    }
    printf("%s{\"seats\":%u,\"coordinators\":%u,\"messages_per_s\":%.0f,\"runs_per_s\":%.0f,"
           "\"messages_per_run\":%.0f}",
           separator, seats, coordinators, (double)messages / took_s, (double)runs / took_s,
           (double)messages / (double)runs);
}

int main(void)
{
    static const uint8_t sizes[] = {5, 8, 33};
    struct world *world = world_create();

    printf("{\"bench\":\"sim\",\"crypto\":\"stub\",\"councils\":[");
    for (size_t i = 0; i < sizeof(sizes); i++) {
        measure(world, sizes[i], 1, i == 0 ? "" : ",");
        measure(world, sizes[i], 3, ",");
    }
    printf("]}\n");
    world_destroy(world);
    return 0;
}
