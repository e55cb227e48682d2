#ifndef COORDINATOR_HTTP_MISCONDUCT_H
#define COORDINATOR_HTTP_MISCONDUCT_H

/* Who has lied, below /v1/misconduct (docs/HTTP.md). That somebody has is for everybody; the proofs
 * quote statements and headers of submitters, and are for the roster's readers and for those who
 * have a case in the docket. */

#include "coordinator/http_request.h"
#include "formats/json.h"

#define HTTP_MISCONDUCT_LIST_MAX 1000 /* Proofs in a list, the newest first. */

void http_misconduct_answer_list(struct http_request *request);
void http_misconduct_begin_get(struct http_request *request);
void http_misconduct_answer_proof(struct http_request *request);

/* A list with one object per kind and culprit, and how many proofs there are; NULL with ERROR when
 * the store failed. */
struct json *http_misconduct_tally(struct coordinator_store *store, struct error *error);

#endif
