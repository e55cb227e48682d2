#ifndef SIM_CONTENT_H
#define SIM_CONTENT_H

/* Answers, books, and what follows from them. An assessment is a function of seat and case; a value
 * is a function of its book. */

#include "sim/model.h"

/* Draws the true answers of case INDEX. */
void content_init_case(struct model *model, uint16_t index);

/* What NODE, a seat, answers on case INDEX. */
void content_answer(struct model *model, const struct node *node, uint16_t index,
                    struct entry *out);

/* The honest answer of SEAT to case INDEX, whatever it says. */
void content_honest_answer(struct model *model, uint8_t seat, uint16_t index, struct entry *out);

/* Makes a verdict of SEAT on DOCKET, unsigned; its entries are to be filled in. */
uint32_t content_make_verdict(struct model *model, uint32_t docket, uint8_t seat);

/* The value of COUNT VERDICTS on DOCKET in seat order: the same for the same book. 0 when the
 * docket has too many. */
uint32_t content_make_value(struct model *model, uint32_t docket, const uint32_t *verdicts,
                            uint16_t count);

/* A value that no book gives. */
uint32_t content_make_nonsense(struct model *model, uint32_t docket, uint64_t chance);

/* Whether q equal answers to every criterion of every case are among VERDICTS, by seat, where 0
 * is none. */
bool content_is_settled(struct model *model, uint32_t docket, const uint32_t *verdicts);

#endif
