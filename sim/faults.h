#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

/* What faulty nodes do instead. They run the honest machines; these functions stand where something
 * comes in, is about to be done, or goes out. Faulty nodes act together: each knows the keys and
 * the objects of all.
 *
 *   faults.c        what seats and coordinators have in common
 *   faults_seat.c   what seats do
 *   faults_chair.c  what coordinators do */

#include "sim/model.h"

/* Plans what faulty nodes do of their own accord. */
void faults_init(struct model *model);

/* Virtual microseconds between two things that a faulty node does of its own accord. */
uint64_t faults_strike_us(const struct model *model);

/* Whether NODE has the time for one more trick: else faulty nodes that answer each other would fill
 * the network in no time. */
bool faults_may(struct model *model, struct node *node);

/* Faulty NODE, seat or coordinator, is about to send ITEM. False: it does not. */
bool faults_send(struct model *model, uint16_t number, struct queue_item *item);

/* ITEM has come to faulty NODE, of either kind: noise and replays. */
void faults_stir(struct model *model, uint16_t number, const struct queue_item *item);

/* The deed DEED describes, signed once: the same again when it was signed before. */
uint32_t faults_sign(struct model *model, const struct deed *deed);

/* ITEM has come to faulty seat NODE. True: the honest code does not see it. */
bool faults_seat_deliver(struct model *model, uint16_t number, const struct queue_item *item);

/* Faulty seat NODE is about to carry out ACTION. True: it did something else. */
bool faults_seat_perform(struct model *model, uint16_t number, struct seat_docket *seat,
                         const struct seat_action *action);

/* The same for coordinators. */
bool faults_chair_deliver(struct model *model, uint16_t number, const struct queue_item *item);
bool faults_chair_perform(struct model *model, uint16_t number, struct chair_docket *chair,
                          const struct chair_action *action);

/* Whether coordinator NODE sends ITEM to its seat; faults_send() asks. */
bool faults_chair_shows(struct model *model, uint16_t number, const struct queue_item *item);

/* A faulty coordinator's book of the COUNT verdicts at LIST, by rising seat: fewer, or others.
 * Gives the number that stay. */
uint16_t faults_chair_book(struct model *model, uint16_t number, const struct chair_docket *chair,
                           uint32_t *list, uint16_t count);

/* The reports of SEATS of which a faulty coordinator makes its TC; none: not yet. */
struct seat_set faults_chair_reports(struct model *model, uint16_t number,
                                     const struct chair_docket *chair, struct seat_set seats);

/* A faulty coordinator has made DOCKET of its own. */
void faults_chair_formed(struct model *model, uint16_t number, uint32_t docket);

#endif
