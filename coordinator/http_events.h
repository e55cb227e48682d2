#ifndef COORDINATOR_HTTP_EVENTS_H
#define COORDINATOR_HTTP_EVENTS_H

/* Server-Sent Events: who follows a hearing is told its state at once, then whenever it changes,
 * and the stream ends when it is decided. A comment every few seconds shows that the line is alive.
 *
 * A follower whose state has not changed is a suspended connection and costs nothing.
 * http_events_notify() wakes all of them; each compares what it told last with how things stand, so
 * changes in quick succession are told once. */

#include "base/error.h"
#include "coordinator/http_request.h"

#define HTTP_EVENTS_BEAT_MS 15000 /* Between comments, unless the options say otherwise. */

struct http_events;

/* Starts the thread that beats. ERROR_IO when the system has none. */
MUST_USE bool http_events_create(uint32_t beat_ms, struct http_events **out, struct error *error);

/* Ends all streams; call it before the daemon stops. No stream begins afterwards. */
void http_events_end(struct http_events *events);

/* destroy(NULL) does nothing. */
void http_events_destroy(struct http_events *events);

/* Any thread may call it. */
void http_events_notify(struct http_events *events);

/* Answers REQUEST with the stream of hearing ATTEMPT of the case in its path. */
void http_events_answer(struct http_request *request, uint32_t attempt);

#endif
