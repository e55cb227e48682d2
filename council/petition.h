#ifndef COUNCIL_PETITION_H
#define COUNCIL_PETITION_H

/* A submitter's way to a conclusion (docs/PROTOCOL.md, "The client"): which coordinator it names
 * for which attempt, and when it gives one up.
 *
 * It submits to one coordinator at a time, each with a header of its own that names it as home.
 * Without progress it names the next one for the same hearing, after a wait that doubles with every
 * step and never shrinks. A case that ended unheard, or contested where the missing seats could
 * have completed an answer, is heard again: attempt k begins at coordinator (s + k - 1) mod m, s
 * that of attempt 1, so that no faulty coordinator is the first of every attempt.
 *
 * Pure: the shell signs, sends, asks how the case stands, and keeps the time. */

#include <stdbool.h>
#include <stdint.h>

#include "council/binding.h"
#include "council/flaw.h"

struct petition_config {
    uint8_t coordinator_count; /* m, from 1. */
    uint8_t first;             /* s */
    uint32_t attempt_count;    /* Most attempts; 64 unless told. */
    uint32_t wait_ms;          /* First wait. */
    uint32_t wait_ms_max;
    COUNCIL_FLAWS_MEMBER
};

/* What a certificate says of the hearing. */
struct petition_result {
    uint32_t attempt;
    enum binding_outcome outcome; /* Not BINDING_OPEN. */
    bool is_worth_repeating; /* For some contested finding, its largest tally and the seats that
                                     were absent or abstained are a quorum; for UNHEARD true. */
};

enum petition_event_type {
    PETITION_EVENT_START = 1, /* First event. */
    PETITION_EVENT_PROGRESS,  /* The case has come further at the coordinator named. */
    PETITION_EVENT_REFUSED,   /* That coordinator is not reached, or will not take it. */
    PETITION_EVENT_DECIDED,   /* A certificate on the case, verified. */
    PETITION_EVENT_TIMER,     /* The last SET_TIMER has run out. */
};

struct petition_event {
    enum petition_event_type type;
    uint64_t now_ms;
    struct petition_result result; /* DECIDED. */
};

enum petition_action_type {
    PETITION_ACTION_SUBMIT = 1, /* A header for `attempt` that names `coordinator`; follow it. */
    PETITION_ACTION_SET_TIMER,  /* At deadline_ms; replaces any earlier timer. */
    PETITION_ACTION_CONCLUDE,   /* A conclusive report stands. */
    PETITION_ACTION_GIVE_UP,    /* The last certificate stands: it is for people now. */
};

struct petition_action {
    enum petition_action_type type;
    uint8_t coordinator;
    uint32_t attempt;
    uint64_t deadline_ms;
};

#define PETITION_ACTIONS_MAX 2

struct petition_actions {
    uint32_t count;
    struct petition_action items[PETITION_ACTIONS_MAX];
};

struct petition {
    struct petition_config config;
    uint32_t attempt;
    uint32_t turn; /* Coordinators given up in this attempt. */
    uint64_t wait_ms;
    uint64_t deadline_ms;
    bool is_waiting; /* Before an attempt above 1: nothing is submitted yet. */
    bool is_over;
};

void petition_init(struct petition *petition, const struct petition_config *config);

/* The coordinator named now. */
uint8_t petition_coordinator(const struct petition *petition);

/* Takes one event and says what to do about it. Replaces the contents of ACTIONS. Cannot fail. */
void petition_step(struct petition *petition, const struct petition_event *event,
                   struct petition_actions *actions);

#endif
