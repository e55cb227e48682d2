#ifndef COORDINATOR_PAPERWORK_H
#define COORDINATOR_PAPERWORK_H

/* Working papers of a decided docket: which seats to ask for those that the reports show, and what
 * of it has come. The home asks for them, and whoever finished its docket: seats make them anew. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/message.h"
#include "report/report.h"

#define PAPERWORK_SOURCES_MAX 4 /* Seats asked for the papers of one case. */

struct docket;

struct paperwork_want {
    uint32_t index; /* Case. */
    uint8_t seat;
    bool is_here;
};

struct paperwork {
    struct paperwork_want *items; /* PAPERWORK_SOURCES_MAX for each case; NULL: none are wanted. */
    size_t count;
};

/* Notes which seats to ask for the papers that REPORT, on case INDEX, shows: those behind most
 * criteria first. */
void paperwork_note(struct docket *docket, uint32_t index, const struct report *report);

/* Asks for those that are missing. */
void paperwork_fetch(struct docket *docket);

/* SEAT has brought some, or says that it has none. */
void paperwork_take(struct docket *docket, uint8_t seat, const struct message *message);

bool paperwork_is_here(const struct docket *docket);

void paperwork_finish(struct paperwork *papers);

#endif
