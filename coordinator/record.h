#ifndef COORDINATOR_RECORD_H
#define COORDINATOR_RECORD_H

/* A docket's end: certificate, reports, and who is told of it. The certificate is stored as soon as
 * there is one; the reports when the value behind it is there, too. Only then is the docket decided
 * for those who ask over HTTP, and seats that brought the certificate are told DONE: until then
 * they keep the value. */

#include "coordinator/docket.h"

/* Stores the certificate: of the counted COMMITs of SEATS, or the one offered when SEATS is empty.
 * Begins to fetch the value when it is missing. */
MUST_USE bool record_certify(struct docket *docket, const struct chair_action *action,
                             struct error *error);

/* The docket was decided before a restart: takes the certificate from the store. */
MUST_USE bool record_restore(struct docket *docket, struct error *error);

/* Stores the reports if the docket is decided and docket->value is its value. */
MUST_USE bool record_complete(struct docket *docket, struct error *error);

/* Tells SEATS that certificate and reports are here, or will when they are. */
void record_tell_done(struct docket *docket, const struct seat_set *seats);

/* Keeps the certificate offered, which is for another value than the one here. */
MUST_USE bool record_conflict(struct docket *docket, const struct seat_vote *vote,
                              struct error *error);

/* The same of a docket that has left memory. */
MUST_USE bool record_keep_conflict(struct coordinator *coordinator,
                                   const struct coordinator_store_certificate *second,
                                   struct error *error);

#endif
