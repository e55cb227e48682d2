#include "coordinator/http_state.h"

#include "base/check.h"
#include "base/log.h"
#include "formats/json.h"
#include "report/findings.h"
#include "report/when.h"

/* ---- one hearing ---- */

bool http_state_find(struct coordinator_store *store, const struct http_state_wanted *wanted,
                     struct arena *arena, const struct coordinator_store_case **out,
                     struct error *error)
{
    struct coordinator_store_case *hearings;
    const struct coordinator_store_case *found = NULL;
    size_t count;

    if (!coordinator_store_case(store, wanted->case_id, arena, &hearings, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_asked = wanted->attempt == 0 || hearings[i].attempt == wanted->attempt;
        bool is_decided = hearings[i].state == COORDINATOR_STORE_DECIDED;

        if (is_asked && (is_decided || !wanted->wants_result)) {
            found = &hearings[i];
        }
    }
    if (found == NULL) {
        return wanted->wants_result
                   ? error_set(error, ERROR_NOT_FOUND, "the council has not decided it yet")
                   : error_set(error, ERROR_NOT_FOUND, "attempt %u was not submitted here",
                               wanted->attempt);
    }
    *out = found;
    return true;
}

static const char *phase_name(enum chair_phase phase)
{
    switch (phase) {
    case CHAIR_HEARING:
    case CHAIR_COMPUTING:
    case CHAIR_WATCHING:
        return "assessing";
    case CHAIR_RECOVERING:
    case CHAIR_PREPARING:
        return "preparing";
    case CHAIR_COMMITTING:
    case CHAIR_CERTIFIED:
    case CHAIR_DECIDED: /* The store does not say so yet. */
        return "committing";
    case CHAIR_PHASE_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

static const char *state_name(const struct coordinator_store_case *hearing,
                              const struct board_docket *docket)
{
    switch (hearing->state) {
    case COORDINATOR_STORE_WAITING:
        return "waiting";
    case COORDINATOR_STORE_HEARD:
        return phase_name(docket->phase);
    case COORDINATOR_STORE_DECIDED:
        return "decided";
    }
    CHECK_UNREACHABLE();
}

static struct json *time_of(uint64_t at_ms)
{
    char text[WHEN_TEXT_SIZE];

    return json_text(when_text(at_ms / 1000, text));
}

/* Numbers of the seats that are not up. */
static struct json *missing(const struct board_seats *seats)
{
    struct json *list = json_list();

    for (uint8_t seat = 0; seat < seats->seat_count; seat++) {
        if (!seat_set_has(&seats->up, seat)) {
            json_add(list, json_integer(seat));
        }
    }
    return list;
}

static void set_seats(struct json *json, const struct board_seats *seats)
{
    json_set(json, "missing", missing(seats));
    json_set(json, "quorum", json_integer(seats->quorum_count));
    json_set(json, "seats", json_integer(seats->seat_count));
    json_set(json, "seatsUp", json_integer(seats->up_count));
}

static struct json *why_it_waits(const struct board_seats *seats, bool is_decided)
{
    struct buffer sentence = {0};

    if (is_decided || seats->up_count >= seats->quorum_count) {
        return json_null();
    }
    buffer_format(&sentence, "%d of %u seats are missing; %u are needed",
                  seats->seat_count - seats->up_count, seats->seat_count, seats->quorum_count);
    struct json *json = json_text(buffer_text(&sentence));

    buffer_finish(&sentence);
    return json;
}

/* What is known once the council has decided. */
static void set_result(struct json *json, const struct coordinator_store_case *hearing)
{
    bool is_decided = hearing->state == COORDINATOR_STORE_DECIDED;
    bool has_outcome =
        is_decided && hearing->outcome > 0 && hearing->outcome < FINDINGS_OUTCOME_COUNT;

    json_set(json, "decidedAt", is_decided ? time_of(hearing->decided_at) : json_null());
    json_set(json, "decision", is_decided ? json_text(hearing->decision) : json_null());
    json_set(json, "outcome",
             has_outcome ? json_text(findings_outcome_name((enum findings_outcome)hearing->outcome))
                         : json_null());
}

/* What the board says of HEARING. A docket leaves it once its certificate is stored: then what the
 * store said before is old, and HEARING is looked up again. */
static struct board_docket look_up(struct coordinator_store *store, struct board *board,
                                   const struct coordinator_store_case **hearing,
                                   struct arena *arena)
{
    const struct http_state_wanted wanted = {.case_id = &(*hearing)->id,
                                             .attempt = (*hearing)->attempt};
    struct board_docket docket = {.phase = CHAIR_HEARING};
    struct error error;

    if ((*hearing)->state == COORDINATOR_STORE_HEARD &&
        !board_get_docket(board, &(*hearing)->docket, &docket) &&
        !http_state_find(store, &wanted, arena, hearing, &error)) {
        log_line(LOG_ERROR, "http: state: %s", error.message);
    }
    return docket;
}

void http_state_write(struct coordinator_store *store, struct board *board,
                      const struct coordinator_store_case *hearing, struct arena *arena,
                      struct buffer *out)
{
    struct board_docket docket = look_up(store, board, &hearing, arena);
    struct board_seats seats;
    struct json *json = json_object();

    board_get_seats(board, &seats);
    json_set(json, "assessed", json_integer(docket.heard));
    json_set(json, "attempt", json_integer(hearing->attempt));
    json_set(json, "case", json_digest(&hearing->id));
    json_set(json, "committed", json_integer(docket.committed));
    json_set(json, "docket",
             hearing->state == COORDINATOR_STORE_WAITING ? json_null()
                                                         : json_digest(&hearing->docket));
    json_set(json, "prepared", json_integer(docket.prepared));
    json_set(json, "receivedAt", time_of(hearing->received_at));
    json_set(json, "state", json_text(state_name(hearing, &docket)));
    json_set(json, "why", why_it_waits(&seats, hearing->state == COORDINATOR_STORE_DECIDED));
    set_seats(json, &seats);
    set_result(json, hearing);
    json_write(json, out);
    json_destroy(json);
}

/* ---- the coordinator ---- */

bool http_state_is_ready(struct board *board)
{
    struct board_seats seats;

    board_get_seats(board, &seats);
    return seats.quorum_count > 0 && seats.up_count >= seats.quorum_count;
}

void http_state_answer_council(struct http_request *request)
{
    const struct buffer *roster = &request->http->roster;
    struct buffer body = {0};

    buffer_append(&body, roster->data, roster->size);
    http_request_answer_json(request, 200, &body);
}

void http_state_answer_status(struct http_request *request)
{
    const struct http_options *options = &request->http->options;
    struct coordinator_store_counts counts;
    struct board_seats seats;
    struct buffer body = {0};
    struct error error;

    if (!coordinator_store_counts(options->store, &counts, &error)) {
        http_request_fail(request, &error);
        return;
    }
    struct json *json = json_object();
    struct json *hearings = json_object();

    board_get_seats(options->board, &seats);
    json_set(hearings, "decided", json_integer((int64_t)counts.decided));
    json_set(hearings, "heard", json_integer((int64_t)counts.heard));
    json_set(hearings, "waiting", json_integer((int64_t)counts.waiting));
    json_set(json, "cases", hearings);
    json_set(json, "coordinator", json_integer(options->index));
    json_set(json, "openDockets", json_integer((int64_t)counts.open_dockets));
    json_set(json, "roster", json_digest(&options->roster->digest));
    json_set(json, "version", json_text(AIMS_VERSION));
    set_seats(json, &seats);
    json_write(json, &body);
    json_destroy(json);
    http_request_answer_json(request, 200, &body);
}

static void answer_word(struct http_request *request, const char *word)
{
    struct buffer body = {0};

    buffer_append_text(&body, word);
    http_request_answer(request, 200, "text/plain; charset=utf-8", &body);
}

void http_state_answer_health(struct http_request *request)
{
    answer_word(request, "ok\n");
}

void http_state_answer_ready(struct http_request *request)
{
    struct board *board = request->http->options.board;
    struct board_seats seats;

    if (http_state_is_ready(board)) {
        answer_word(request, "ready\n");
    } else {
        board_get_seats(board, &seats);
        http_request_refuse(request, 503, "%u of %u seats are there; %u are needed", seats.up_count,
                            seats.seat_count, seats.quorum_count);
    }
}

/* ---- metrics, Prometheus text 0.0.4 ---- */

static void add_family(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_metric(struct buffer *out, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    add_family(out, name, type, help);
    buffer_format(out, "%s %llu\n", name, (unsigned long long)value);
}

static void add_hearings(struct buffer *out, const struct coordinator_store_counts *counts)
{
    static const char name[] = "aims_hearings";

    add_family(out, name, "gauge", "Hearings in the store, by how far they are.");
    buffer_format(out, "%s{state=\"waiting\"} %llu\n", name, (unsigned long long)counts->waiting);
    buffer_format(out, "%s{state=\"heard\"} %llu\n", name, (unsigned long long)counts->heard);
    buffer_format(out, "%s{state=\"decided\"} %llu\n", name, (unsigned long long)counts->decided);
}

static void add_seats(struct buffer *out, const struct board_seats *seats)
{
    add_metric(out, "aims_seats", "gauge", "Seats of the council.", seats->seat_count);
    add_metric(out, "aims_quorum_seats", "gauge", "Seats that a decision takes.",
               seats->quorum_count);
    add_family(out, "aims_seat_up", "gauge", "1 for a seat that was heard of lately.");
    for (uint8_t seat = 0; seat < seats->seat_count; seat++) {
        buffer_format(out, "aims_seat_up{seat=\"%u\"} %d\n", seat, seat_set_has(&seats->up, seat));
    }
}

void http_state_answer_metrics(struct http_request *request)
{
    const struct http_options *options = &request->http->options;
    struct coordinator_store_counts counts;
    struct board_seats seats;
    struct buffer body = {0};
    struct error error;

    if (!coordinator_store_counts(options->store, &counts, &error)) {
        http_request_fail(request, &error);
        return;
    }
    board_get_seats(options->board, &seats);
    add_hearings(&body, &counts);
    add_metric(&body, "aims_dockets_total", "counter", "Dockets opened here.", counts.dockets);
    add_metric(&body, "aims_dockets_open", "gauge", "Dockets without a certificate.",
               counts.open_dockets);
    add_metric(&body, "aims_misconduct_total", "counter", "Proofs of misconduct kept.",
               counts.misconduct);
    add_seats(&body, &seats);
    http_request_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}
