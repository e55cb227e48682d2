#ifndef COORDINATOR_HTTP_CASE_H
#define COORDINATOR_HTTP_CASE_H

/* Cases: POST /v1/cases and what hangs below /v1/cases/ID (docs/HTTP.md). A case shows itself to
 * its submitter and to the roster's readers; to others it does not exist. */

#include "coordinator/http_request.h"

void http_case_begin_post(struct http_request *request);
void http_case_take(struct http_request *request, struct bytes part);
void http_case_answer_post(struct http_request *request);

void http_case_begin_get(struct http_request *request);
void http_case_answer_state(struct http_request *request);
void http_case_answer_events(struct http_request *request);
void http_case_answer_certificate(struct http_request *request);
void http_case_answer_report(struct http_request *request);
void http_case_answer_papers(struct http_request *request);

#endif
