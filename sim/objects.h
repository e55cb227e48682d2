#ifndef SIM_OBJECTS_H
#define SIM_OBJECTS_H

/* Whatever is signed or certified, made once and passed by number.
 *
 * A digest that a machine sees holds the hash and the number of its object, so that the way back is
 * a look. Objects never change, so each is verified once and remembers the answer; who verifies it
 * again only counts. */

#include "sim/model.h"

/* 64 bits that stand for SHA-256: start from any number, mix in word after word. */
uint64_t objects_mix(uint64_t hash, uint64_t word);

/* The digest of object NUMBER with HASH, and back. */
struct digest objects_digest(uint64_t hash, uint32_t number);
uint32_t objects_number(const struct digest *digest);

struct header *objects_header(struct model *model, uint32_t number);
struct hearing *objects_hearing(struct model *model, uint32_t number);
struct docket *objects_docket(struct model *model, uint32_t number);
struct deed *objects_deed(struct model *model, uint32_t number);
struct verdict *objects_verdict(struct model *model, uint32_t number);
struct value *objects_value(struct model *model, uint32_t number);
struct qc *objects_qc(struct model *model, uint32_t number);
struct tc *objects_tc(struct model *model, uint32_t number);
struct certificate *objects_certificate(struct model *model, uint32_t number);

/* A QC, TC or certificate of COUNT DEEDS, which are copied; no check is made. */
uint32_t objects_make_qc(struct model *model, const struct deed *vote, const uint32_t *deeds,
                         uint16_t count);
uint32_t objects_make_tc(struct model *model, uint32_t docket, uint32_t view, uint32_t qc,
                         const uint32_t *deeds, uint16_t count);
uint32_t objects_make_certificate(struct model *model, uint32_t docket, uint32_t view,
                                  uint32_t value, const uint32_t *deeds, uint16_t count);

/* A docket of COUNT HEADERS by coordinator HOME; VARIANT 0 but for a second one of the serial. */
uint32_t objects_make_docket(struct model *model, uint8_t home, uint32_t serial, uint32_t variant,
                             const uint32_t *headers, uint32_t count);

/* A header for case INDEX, signed by its submitter. EARLIER may be 0. */
uint32_t objects_make_header(struct model *model, uint16_t index, uint32_t attempt, uint8_t home,
                             uint32_t earlier);

/* What "verified" means; a header for coordinator HOME. */
bool objects_check_header(struct model *model, const struct header *header, uint8_t home);
bool objects_check_qc(struct model *model, uint32_t number);
bool objects_check_tc(struct model *model, uint32_t number);
bool objects_check_certificate(struct model *model, uint32_t number);

/* Everything signed in it is on an honest disk from now on. */
void objects_keep_deed(struct model *model, uint32_t number);
void objects_keep_qc(struct model *model, uint32_t number);
void objects_keep_tc(struct model *model, uint32_t number);
void objects_keep_certificate(struct model *model, uint32_t number);

/* The hearing of case INDEX in DOCKET, or NULL. */
struct hearing *objects_find_hearing(struct model *model, uint32_t docket, uint16_t index);

/* The vote of a PREPARE, COMMIT or PROPOSE deed as machines have it. */
struct seat_vote objects_vote(struct model *model, uint32_t view, uint32_t value, uint32_t tc);

#endif
