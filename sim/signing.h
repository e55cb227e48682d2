#ifndef SIM_SIGNING_H
#define SIM_SIGNING_H

/* Who signed what. Stub: a 64-bit hash of the content under the signer's key, made and compared for
 * real, so that nothing passes that its signer has not signed. Or Ed25519 over the content's bytes,
 * by crypto/. */

#include "sim/model.h"

void signing_init(struct model *model);
void signing_finish(struct model *model);

/* Adds DEED, signed by its signer; gives its number. Fills payload and signature, enters it in the
 * signer's chain and shows it to the oracles. */
uint32_t signing_sign(struct model *model, const struct deed *deed);

/* The same with a signature that is none: what a liar sends in another's name. */
uint32_t signing_forge(struct model *model, const struct deed *deed);

/* Whether the signature holds. */
bool signing_verify(struct model *model, uint32_t deed);

/* A submitter's. */
void signing_sign_header(struct model *model, struct header *header);
bool signing_verify_header(struct model *model, const struct header *header);

/* As misconduct.h judges it, without the cases of a verdict. */
struct act signing_act(struct model *model, uint32_t deed);

#endif
