#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

/* What faulty nodes do instead. They run the honest machines, and these functions stand where
 * something comes in, is about to be done, or goes out. */

#include "sim/model.h"

/* Plans what faulty nodes do of their own accord. */
void faults_init(struct model *model);

/* ITEM has come to faulty seat NODE. True: the honest code does not see it. */
bool faults_seat_deliver(struct model *model, uint16_t node, const struct queue_item *item);

/* Faulty seat NODE is about to carry out ACTION. True: it did something else. */
bool faults_seat_perform(struct model *model, uint16_t node, struct seat_docket *seat,
                         const struct seat_action *action);

/* Faulty NODE, seat or coordinator, is about to send ITEM, which may be changed. False: it does
 * not. */
bool faults_send(struct model *model, uint16_t node, struct queue_item *item);

/* The same three for coordinators. */
bool faults_chair_deliver(struct model *model, uint16_t node, const struct queue_item *item);
bool faults_chair_perform(struct model *model, uint16_t node, struct chair_docket *chair,
                          const struct chair_action *action);

/* A faulty coordinator's book, of the COUNT verdicts at LIST, by seat in rising order: fewer, or
 * others. Gives the number that stay. */
uint16_t faults_chair_book(struct model *model, uint16_t node, const struct chair_docket *chair,
                           uint32_t *list, uint16_t count);

/* Of the reports of SEATS a faulty coordinator makes its TC. */
struct seat_set faults_chair_reports(struct model *model, uint16_t node,
                                     const struct chair_docket *chair, struct seat_set seats);

#endif
