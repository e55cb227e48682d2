#ifndef TESTS_E2E_MEMBERS_H
#define TESTS_E2E_MEMBERS_H

/* A council of real processes, each of them the test's to start, stop, kill and replace by one that
 * lies (tests/byzantine). Fails the running test when something is not as it should be. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "formats/tree.h"

#define MEMBERS_SEATS_MAX        8
#define MEMBERS_COORDINATORS_MAX 3
#define MEMBERS_CLIENTS_MAX      8
#define MEMBERS_NAME_SIZE        32
#define MEMBERS_PATH_SIZE        512
#define MEMBERS_WAIT_MS          180000 /* For anything that must come. */

struct members {
    char dir[64]; /* Removed by members_destroy(). */
    uint8_t seat_count;
    uint8_t coordinator_count;
    pid_t seats[MEMBERS_SEATS_MAX]; /* 0: does not run. */
    pid_t coordinators[MEMBERS_COORDINATORS_MAX];
    const char *scenario;            /* Unless NULL, says which of those started then lie. */
    bool is_liar[MEMBERS_SEATS_MAX]; /* Of those that run now. */
    bool is_crook[MEMBERS_COORDINATORS_MAX];
    char links[MEMBERS_COORDINATORS_MAX][64];
    char urls[MEMBERS_COORDINATORS_MAX][64];
    pid_t clients[MEMBERS_CLIENTS_MAX]; /* `aims` that has not ended yet. */
    unsigned case_count;
};

/* What a process that lies said of itself at its end. */
struct members_mischief {
    unsigned long long done_count;
    unsigned long long twice_count;
};

/* Creates the council's folder; nothing runs yet. */
struct members *members_create(uint8_t seat_count, uint8_t coordinator_count);

/* Ends whatever runs. */
void members_destroy(struct members *members);

/* Starts one, honest when MISCHIEF is NULL; else with that strategy. A coordinator listens where it
 * did before. */
void members_start_coordinator(struct members *members, uint8_t index, const char *mischief);
void members_start_seat(struct members *members, uint8_t index, const char *mischief);

/* Starts who does not run, wakes who was stopped, replaces liars by honest ones, and waits until each
 * coordinator has all seats. */
void members_heal(struct members *members);
void members_wait_for_seats(struct members *members, uint8_t coordinator, uint8_t count);

/* Ends *PID with SIGNAL and waits for its end. */
void members_stop(pid_t *pid, int signal);

/* Ends it gently and reads what it did. */
void members_stop_liar(struct members *members, pid_t *pid, const char *name,
                       struct members_mischief *out);

/* "seat-07" or "coordinator-1": of its log. */
const char *members_name(const char *kind, uint8_t index);

/* A path in the council's folder; valid until eight more were asked for. */
const char *members_path(const struct members *members, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs `aims ARGUMENTS...`, with standard output in OUTPUT and the rest in OUTPUT.log. */
pid_t members_begin(struct members *members, const char *output, const char *const *arguments);
int members_run(struct members *members, const char *output, const char *const *arguments);

/* Packs a case that nobody has seen and hands it in at coordinator HOME, waiting for its conclusion;
 * NAME is where the result goes. */
const char *members_pack(struct members *members);
pid_t members_submit(struct members *members, const char *name, uint8_t home);

/* Waits for the end of a submission and checks that its result is conclusive and verifies. */
void members_expect_result(struct members *members, const char *name, pid_t pid);

/* Both at once. */
void members_decide(struct members *members, uint8_t home);

/* Exports what COORDINATOR has proved and has each proof verified with the roster alone: true when
 * SEAT is accused of KIND. Adds who is accused to ACCUSED: bit s for seat s. */
bool members_is_proved(struct members *members, uint8_t coordinator, int seat, const char *kind,
                       uint32_t *accused);

/* Member NAME of what the coordinator says of itself; -1 when it does not answer. */
int64_t members_status(struct members *members, uint8_t coordinator, const char *name);

uint64_t members_now_ms(void);
void members_pause(void);

/* Prints the end of a log. */
void members_print(const struct members *members, const char *name);

#endif
