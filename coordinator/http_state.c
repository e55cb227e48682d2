#include "coordinator/http_state.h"

#include "base/check.h"
#include "base/log.h"
#include "coordinator/http_misconduct.h"
#include "formats/json.h"
#include "report/findings.h"
#include "report/when.h"

/* ---- one hearing ---- */

/* Whether A stands rather than B. */
static bool outranks(const struct coordinator_store_case *a, const struct coordinator_store_case *b)
{
    return a->outcome != b->outcome ? a->outcome > b->outcome : a->attempt >= b->attempt;
}

/* The hearing that stands; NULL when none is decided. */
static const struct coordinator_store_case *
find_standing(const struct coordinator_store_case *hearings, size_t count)
{
    const struct coordinator_store_case *standing = NULL;

    for (size_t i = 0; i < count; i++) {
        if (hearings[i].state == COORDINATOR_STORE_DECIDED &&
            (standing == NULL || outranks(&hearings[i], standing))) {
            standing = &hearings[i];
        }
    }
    return standing;
}

/* The last of ATTEMPT, 0 meaning any: the one that came to most. */
static const struct coordinator_store_case *find_last(const struct coordinator_store_case *hearings,
                                                      size_t count,
                                                      const struct http_state_wanted *wanted)
{
    const struct coordinator_store_case *last = NULL;

    for (size_t i = 0; i < count; i++) {
        bool is_asked = wanted->attempt == 0 || hearings[i].attempt == wanted->attempt;
        bool is_decided = hearings[i].state == COORDINATOR_STORE_DECIDED;

        if (is_asked && (is_decided || !wanted->wants_result)) {
            last = &hearings[i];
        }
    }
    return last;
}

static const struct coordinator_store_case *choose(const struct coordinator_store_case *hearings,
                                                   size_t count,
                                                   const struct http_state_wanted *wanted)
{
    const struct coordinator_store_case *standing = find_standing(hearings, count);

    if (wanted->attempt == 0 && standing != NULL &&
        (wanted->wants_result || standing->outcome == FINDINGS_CONCLUSIVE)) {
        return standing;
    }
    return find_last(hearings, count, wanted);
}

bool http_state_find(struct coordinator_store *store, const struct http_state_wanted *wanted,
                     struct arena *arena, const struct coordinator_store_case **out,
                     struct error *error)
{
    struct coordinator_store_case *hearings;
    size_t count;

    if (!coordinator_store_case_find(store, wanted->case_id, arena, &hearings, &count, error)) {
        return false;
    }
    const struct coordinator_store_case *found = choose(hearings, count, wanted);

    if (found == NULL) {
        return wanted->wants_result
                   ? error_set(error, ERROR_NOT_FOUND, "the council has not decided it yet")
                   : error_set(error, ERROR_NOT_FOUND, "attempt %u is not known here",
                               wanted->attempt);
    }
    *out = found;
    return true;
}

/* In a view of another coordinator's the seats' answers are seen as far as they come here: verdicts
 * and COMMITs. */
static const char *phase_name(const struct board_docket *docket)
{
    switch (docket->phase) {
    case CHAIR_WATCHING:
        return docket->committed > 0 ? "committing" : "assessing";
    case CHAIR_HEARING:
    case CHAIR_COMPUTING:
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
        return phase_name(docket);
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
    json_set(json, "worthRepeating",
             is_decided ? json_boolean(hearing->is_worth_repeating) : json_null());
}

/* Where it is heard. */
static void set_docket(struct json *json, const struct coordinator_store_case *hearing)
{
    bool is_waiting = hearing->state == COORDINATOR_STORE_WAITING;

    json_set(json, "docket", is_waiting ? json_null() : json_digest(&hearing->docket));
    json_set(json, "home", is_waiting ? json_null() : json_integer(hearing->home));
}

/* What the board says of HEARING. A docket leaves it once its reports are stored: then what the
 * store said before is old, and HEARING is looked up again. */
static struct board_docket look_up(const struct http_options *options,
                                   const struct coordinator_store_case **hearing,
                                   struct arena *arena)
{
    const struct http_state_wanted wanted = {.case_id = &(*hearing)->id,
                                             .attempt = (*hearing)->attempt};
    struct board_docket docket = {.phase = CHAIR_HEARING, .view = 1};
    struct error error;

    if ((*hearing)->state == COORDINATOR_STORE_HEARD &&
        !board_get_docket(options->board, &(*hearing)->docket, &docket) &&
        !http_state_find(options->store, &wanted, arena, hearing, &error)) {
        log_line(LOG_ERROR, "http: state: %s", error.message);
    }
    return docket;
}

/* Every hearing of the case. */
static struct json *list_hearings(const struct http_options *options, const struct digest *case_id,
                                  struct arena *arena)
{
    struct coordinator_store_case *hearings = NULL;
    struct json *list = json_list();
    struct error error;
    size_t count = 0;

    if (!coordinator_store_case_find(options->store, case_id, arena, &hearings, &count, &error)) {
        log_line(LOG_ERROR, "http: hearings: %s", error.message);
    }
    const struct coordinator_store_case *standing = find_standing(hearings, count);

    for (size_t i = 0; i < count; i++) {
        struct board_docket docket = {.phase = CHAIR_HEARING, .view = 1};
        struct json *item = json_object();

        (void)board_get_docket(options->board, &hearings[i].docket, &docket);
        json_set(item, "attempt", json_integer(hearings[i].attempt));
        json_set(item, "stands", json_boolean(&hearings[i] == standing));
        json_set(item, "state", json_text(state_name(&hearings[i], &docket)));
        set_docket(item, &hearings[i]);
        set_result(item, &hearings[i]);
        json_add(list, item);
    }
    return list;
}

void http_state_write(const struct http_options *options,
                      const struct coordinator_store_case *hearing, struct arena *arena,
                      struct buffer *out)
{
    struct board_docket docket = look_up(options, &hearing, arena);
    struct board_seats seats;
    struct json *json = json_object();

    board_get_seats(options->board, &seats);
    json_set(json, "assessed", json_integer(docket.heard));
    json_set(json, "attempt", json_integer(hearing->attempt));
    json_set(json, "case", json_digest(&hearing->id));
    json_set(json, "committed", json_integer(docket.committed));
    json_set(json, "hearings", list_hearings(options, &hearing->id, arena));
    json_set(json, "prepared", json_integer(docket.prepared));
    json_set(json, "receivedAt",
             hearing->received_at == 0 ? json_null() : time_of(hearing->received_at));
    json_set(json, "state", json_text(state_name(hearing, &docket)));
    json_set(json, "view", json_integer(docket.view));
    json_set(json, "why", why_it_waits(&seats, hearing->state == COORDINATOR_STORE_DECIDED));
    set_docket(json, hearing);
    set_seats(json, &seats);
    set_result(json, hearing);
    json_write(json, out);
    json_destroy(json);
}

/* ---- the coordinator ---- */

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
    struct json *misconduct = http_misconduct_tally(options->store, &error);

    if (misconduct == NULL) {
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
    json_set(json, "conflicts", json_integer((int64_t)counts.conflicts));
    json_set(json, "coordinator", json_integer(options->index));
    json_set(json, "coordinators", json_integer(options->roster->coordinator_count));
    json_set(json, "misconduct", misconduct);
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
    struct board_seats seats;

    board_get_seats(request->http->options.board, &seats);
    if (seats.quorum_count > 0 && seats.up_count >= seats.quorum_count) {
        answer_word(request, "ready\n");
    } else {
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

static void add_dockets(struct buffer *out, const struct coordinator_store_counts *counts)
{
    static const char name[] = "aims_dockets_total";

    add_family(out, name, "counter", "Dockets known here, by who opened them.");
    buffer_format(out, "%s{home=\"own\"} %llu\n", name,
                  (unsigned long long)(counts->dockets - counts->foreign_dockets));
    buffer_format(out, "%s{home=\"other\"} %llu\n", name,
                  (unsigned long long)counts->foreign_dockets);
}

/* Every kind, so that one that appears does so as a change. */
static void add_misconduct(struct buffer *out, const struct coordinator_store_proof *proofs,
                           size_t count)
{
    static const char name[] = "aims_misconduct_total";

    add_family(out, name, "counter", "Proofs of misconduct kept, by kind.");
    for (int kind = MISCONDUCT_TWO_PREPARES; kind < MISCONDUCT_COUNT; kind++) {
        uint64_t total = 0;

        for (size_t i = 0; i < count; i++) {
            total += (int)proofs[i].kind == kind ? proofs[i].count : 0;
        }
        buffer_format(out, "%s{kind=\"%s\"} %llu\n", name, misconduct_name((enum misconduct)kind),
                      (unsigned long long)total);
    }
}

void http_state_answer_metrics(struct http_request *request)
{
    const struct http_options *options = &request->http->options;
    struct coordinator_store_counts counts;
    struct board_seats seats;
    struct buffer body = {0};
    struct error error;
    struct arena *arena = arena_create(HTTP_STATE_ARENA_MAX);
    struct coordinator_store_proof *proofs = NULL;
    size_t proof_count = 0;

    if (!coordinator_store_counts(options->store, &counts, &error) ||
        !coordinator_store_proof_tally(options->store, arena, &proofs, &proof_count, &error)) {
        http_request_fail(request, &error);
        arena_destroy(arena);
        return;
    }
    board_get_seats(options->board, &seats);
    add_hearings(&body, &counts);
    add_dockets(&body, &counts);
    add_metric(&body, "aims_dockets_open", "gauge", "Dockets without a certificate.",
               counts.open_dockets);
    add_metric(&body, "aims_conflicts_total", "counter",
               "Certificates kept that contradict the one stored.", counts.conflicts);
    add_misconduct(&body, proofs, proof_count);
    add_seats(&body, &seats);
    arena_destroy(arena);
    http_request_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}
