#ifndef SIM_DIRECT_H
#define SIM_DIRECT_H

/* A run by hand: the test decides which message arrives when, and acts for the faulty nodes. For
 * schedules that are written out (tests/sim/schedules_test.c).
 *
 * world_begin() holds every message back. Sets of nodes are bits by node: seats from 0, then
 * coordinators; so n + m is at most 64 here. */

#include "sim/model.h"

#define DIRECT_ALL UINT64_MAX

/* Bits FIRST .. LAST. */
uint64_t direct_nodes(unsigned first, unsigned last);

/* Lets MS pass: timers run, assessments and computations end. Nothing is delivered. */
void direct_wait(struct model *model, uint32_t ms);

/* Delivers, or drops, the messages of KIND (0: any) that are held now from a node of FROM to one of
 * TO, in the order in which they were sent. Gives their number. Submitters are in every set. */
uint32_t direct_deliver(struct model *model, unsigned kind, uint64_t from, uint64_t to);
uint32_t direct_drop(struct model *model, unsigned kind, uint64_t from, uint64_t to);

/* Delivers everything again and again, and what follows from it, for MS. Messages take 1 ms. */
void direct_flow(struct model *model, uint32_t ms, uint64_t from, uint64_t to);

/* Ends the schedule: what is held is dropped, the network works from here on, to the end of the
 * run. True when nothing that is owed is missing. */
bool direct_release(struct model *model);

/* Hands OBJECT as a message of KIND from node FROM to every node of TO, at once. */
void direct_show(struct model *model, enum queue_kind kind, uint16_t from, uint32_t docket,
                 uint32_t object, uint64_t to);

/* The value of the book of the verdicts that SEATS have signed on DOCKET. */
uint32_t direct_value(struct model *model, uint32_t docket, uint64_t seats);

/* A proposal of VALUE in VIEW by the chair of that view, who is faulty; TC 0 in view 1. */
uint32_t direct_propose(struct model *model, uint32_t docket, uint32_t view, uint32_t value,
                        uint32_t tc);

/* The QC, TC or certificate of what SEATS have signed; faulty ones sign it now. Aborts when an
 * honest one has not. The TC has the highest QC that its reports came with. */
uint32_t direct_qc(struct model *model, uint32_t proposal, uint64_t seats);
uint32_t direct_tc(struct model *model, uint32_t docket, uint32_t view, uint64_t seats);
uint32_t direct_certificate(struct model *model, uint32_t docket, uint32_t view, uint32_t value,
                            uint64_t seats);

/* How many of SEATS have signed a COMMIT to VALUE in VIEW, or in any with VIEW 0. */
uint8_t direct_count_commits(struct model *model, uint32_t docket, uint32_t view, uint32_t value,
                             uint64_t seats);

#endif
