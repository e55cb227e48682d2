#include "client/pursue.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "client/delay.h"
#include "client/follow.h"
#include "client/print.h"
#include "council/petition.h"

#define WAIT_MS_MAX     300000 /* Longest wait for progress. */
#define LOOK_MS         1000   /* Between two looks for a result that does not verify yet. */
#define SURVEY_MS       5000   /* For one coordinator to say what it knows of the case. */
#define TRIES_ALONE_MAX 8      /* With the one coordinator that is known. */
#define TRIES_MAX       2      /* With one of several. */
#define COMPLAINT_SIZE  256

struct pursuit {
    const struct connect *connect;
    struct filing *filing;
    const struct pursue_options *options;
    struct petition petition; /* Counts the coordinators that are known, by position. */
    uint64_t end_ms;          /* delay_now_ms() */
    uint64_t skipped_ms;      /* The petition's clock is that much ahead. */
    uint64_t deadline_ms;     /* Of the petition, by its clock. */
    bool is_due;              /* The petition wants the case handed in. */
    struct buffer earlier;    /* Certificate of the attempt before. */
    struct follow *follow;    /* NULL while nobody has it. */
    size_t followed;          /* Position of the coordinator that is followed. */
    uint8_t refused;          /* Bit i: the one at position i refused this attempt for good. */
    uint8_t skipped;          /* Bit i: its first refusal cost no waiting. */
    struct error refusal;     /* The last one. */
    char complaint[COMPLAINT_SIZE]; /* Said last. */
    bool has_result;
    struct result result; /* That stands so far. */
};

static unsigned index_at(const struct pursuit *pursuit, size_t position)
{
    return pursuit->connect->coordinators[position].index;
}

static size_t named(const struct pursuit *pursuit)
{
    return petition_coordinator(&pursuit->petition);
}

/* ---- results ---- */

static enum binding_outcome outcome_of(const struct result *result)
{
    switch (result->parsed->findings.outcome) {
    case FINDINGS_UNHEARD:
        return BINDING_UNHEARD;
    case FINDINGS_IN_DISPUTE:
        return BINDING_CONTESTED;
    case FINDINGS_CONCLUSIVE:
        return BINDING_CONCLUSIVE;
    case FINDINGS_OUTCOME_COUNT:
        break;
    }
    CHECK_UNREACHABLE();
}

/* The conclusive one stands; without one, that of the highest attempt that was heard. */
static bool stands_before(const struct result *mine, const struct result *theirs)
{
    enum binding_outcome outcome = outcome_of(mine);

    if (outcome != outcome_of(theirs)) {
        return outcome > outcome_of(theirs);
    }
    return mine->parsed->attempt > theirs->parsed->attempt;
}

static bool fetch(struct pursuit *pursuit, struct web *web, uint32_t attempt, struct result *out,
                  struct error *error)
{
    struct result_hearing hearing = {.case_id = pursuit->filing->case_id, .attempt = attempt};
    bool is_ok = result_fetch(web, &pursuit->connect->roster, &hearing, out, error);

    if (!is_ok) {
        result_finish(out);
    }
    return is_ok;
}

/* Takes RESULT if it stands before what was found so far. */
static void keep_if_it_stands(struct pursuit *pursuit, struct result *result)
{
    if (!pursuit->has_result || stands_before(result, &pursuit->result)) {
        result_finish(&pursuit->result);
        pursuit->result = *result;
        pursuit->has_result = true;
    } else {
        result_finish(result);
    }
}

/* Fetches what concludes the case, or else attempt CLAIMED, which the coordinator says was decided
 * last. */
static bool fetch_news(struct pursuit *pursuit, struct web *web, uint32_t claimed,
                       struct result *out, struct error *error)
{
    struct result standing;
    struct error ignored;
    bool is_there = fetch(pursuit, web, claimed, out, error);

    if (is_there && outcome_of(out) == BINDING_CONCLUSIVE) {
        return true;
    }
    if (!fetch(pursuit, web, 0, &standing, &ignored)) {
        return is_there;
    }
    if (outcome_of(&standing) == BINDING_CONCLUSIVE) {
        if (is_there) {
            result_finish(out);
        }
        *out = standing;
        return true;
    }
    keep_if_it_stands(pursuit, &standing);
    return is_there;
}

/* ---- what is said ---- */

static void say_refused(const struct pursuit *pursuit, size_t position, const struct error *why)
{
    fprintf(stderr, "aims: coordinator %u does not take the case: ", index_at(pursuit, position));
    print_clean(why->message, stderr);
    fputs("\n", stderr);
}

/* Once for the same trouble. */
static void complain(struct pursuit *pursuit, const struct error *why)
{
    char complaint[COMPLAINT_SIZE];

    (void)snprintf(complaint, sizeof(complaint), "%u: %.200s", index_at(pursuit, pursuit->followed),
                   why->message);
    if (strcmp(complaint, pursuit->complaint) != 0) {
        memcpy(pursuit->complaint, complaint, sizeof(complaint));
        fputs("aims: no result that verifies from coordinator ", stderr);
        print_clean(complaint, stderr);
        fputs("\n", stderr);
    }
}

/* How an attempt ended that is not conclusive, and what the missing seats could do about it. */
static void say_ended(const struct report *report)
{
    unsigned missing = report->quorum.seat_count;

    for (uint8_t seat = 0; seat < report->quorum.seat_count; seat++) {
        missing -= report->seats[seat].attendance == REPORT_ASSESSED;
    }
    if (report->findings.outcome == FINDINGS_UNHEARD) {
        fprintf(stderr, "aims: attempt %u ended unheard: %u of %u seats assessed it, %u are needed",
                report->attempt, report->quorum.seat_count - missing, report->quorum.seat_count,
                report->quorum.quorum_count);
    } else if (missing == 0) {
        fprintf(stderr, "aims: attempt %u is contested, and no seat was missing", report->attempt);
    } else {
        fprintf(stderr,
                "aims: attempt %u is contested, and the %u missing seat%s could%s decide it",
                report->attempt, missing, missing == 1 ? "" : "s",
                report_is_worth_repeating(report) ? "" : " not");
    }
}

static void say_next(const struct pursuit *pursuit, const struct report *report)
{
    say_ended(report);
    fprintf(stderr, "; attempt %u begins at coordinator %u in %llu s\n", pursuit->petition.attempt,
            index_at(pursuit, named(pursuit)),
            (unsigned long long)pursuit->petition.wait_ms / 1000);
}

static void say_given_up(const struct pursuit *pursuit, const struct report *report)
{
    say_ended(report);
    fputs(report_is_worth_repeating(report) && report->attempt >= pursuit->options->attempt_count
              ? "; no more attempts are allowed\n"
              : "; it is for people now\n",
          stderr);
}

/* ---- the petition ---- */

/* Takes one step; only what SUBMIT and SET_TIMER ask for is done here. */
static void step(struct pursuit *pursuit, enum petition_event_type type,
                 const struct petition_result *result)
{
    struct petition_event event = {.type = type, .now_ms = delay_now_ms() + pursuit->skipped_ms};
    struct petition_actions actions;

    if (result != NULL) {
        event.result = *result;
    }
    petition_step(&pursuit->petition, &event, &actions);
    for (uint32_t i = 0; i < actions.count; i++) {
        if (actions.items[i].type == PETITION_ACTION_SUBMIT) {
            pursuit->is_due = true;
        } else if (actions.items[i].type == PETITION_ACTION_SET_TIMER) {
            pursuit->deadline_ms = actions.items[i].deadline_ms;
        }
    }
}

/* Lets the petition's wait be over. */
static void skip_wait(struct pursuit *pursuit)
{
    uint64_t now = delay_now_ms() + pursuit->skipped_ms;

    if (pursuit->deadline_ms > now) {
        pursuit->skipped_ms += pursuit->deadline_ms - now;
    }
}

static void stop_following(struct pursuit *pursuit)
{
    follow_close(pursuit->follow);
    pursuit->follow = NULL;
}

/* RESULT, which is verified, ends an attempt: the next one must show it. */
static void decide(struct pursuit *pursuit, struct result *result)
{
    const struct report *report = result->parsed;
    struct petition_result decided = {.attempt = report->attempt,
                                      .outcome = outcome_of(result),
                                      .is_worth_repeating = report_is_worth_repeating(report)};

    buffer_clear(&pursuit->earlier);
    buffer_append(&pursuit->earlier, result->certificate.data, result->certificate.size);
    pursuit->filing->header.earlier = buffer_bytes(&pursuit->earlier);
    stop_following(pursuit);
    step(pursuit, PETITION_EVENT_DECIDED, &decided);
    pursuit->refused = 0;
    if (decided.outcome != BINDING_CONCLUSIVE) {
        (pursuit->petition.is_over ? say_given_up : say_next)(pursuit, report);
    }
    keep_if_it_stands(pursuit, result);
}

/* The coordinator at POSITION is out for now. Its first refusal costs no waiting: a coordinator
 * that is down must not hold up those that are not. */
static void refuse(struct pursuit *pursuit, size_t position, const struct error *why)
{
    uint8_t bit = (uint8_t)(1U << position);

    say_refused(pursuit, position, why);
    pursuit->refusal = *why;
    if (why->code != ERROR_TIMEOUT) {
        pursuit->refused |= bit;
    }
    step(pursuit, PETITION_EVENT_REFUSED, NULL);
    if ((pursuit->skipped & bit) == 0 && position == named(pursuit)) {
        pursuit->skipped |= bit;
        skip_wait(pursuit);
    }
}

static bool all_refused(const struct pursuit *pursuit)
{
    return pursuit->refused == (1U << pursuit->connect->count) - 1;
}

/* Hands the case in at the coordinator that is named. One that had it before is followed on when
 * this one does not take it. */
static void hand_in(struct pursuit *pursuit)
{
    size_t position = named(pursuit);
    const struct connect_coordinator *coordinator = &pursuit->connect->coordinators[position];
    struct filing *filing = pursuit->filing;
    struct error error;

    pursuit->is_due = false;
    filing->header.attempt = pursuit->petition.attempt;
    filing->header.home = coordinator->index;
    filing->tries_max = pursuit->connect->count == 1 ? TRIES_ALONE_MAX : TRIES_MAX;
    if (!filing_hand_in(filing, coordinator->web, &error)) {
        refuse(pursuit, position, &error);
        return;
    }
    step(pursuit, PETITION_EVENT_PROGRESS, NULL);
    if (pursuit->follow == NULL || pursuit->followed != position) {
        stop_following(pursuit);
        pursuit->follow =
            follow_open(coordinator->web, &pursuit->filing->case_id, pursuit->petition.attempt);
        pursuit->followed = position;
    }
}

/* Nothing came of the coordinator named, or the wait before an attempt is over. */
static void time_out(struct pursuit *pursuit)
{
    size_t before = named(pursuit);
    bool is_moving = !pursuit->petition.is_waiting && pursuit->connect->count > 1;
    uint64_t waited_s = pursuit->petition.wait_ms / 1000;

    step(pursuit, PETITION_EVENT_TIMER, NULL);
    if (is_moving && (pursuit->refused & 1U << before) == 0 &&
        (pursuit->skipped & 1U << before) == 0) {
        fprintf(stderr, "aims: no progress at coordinator %u for %llu s\n",
                index_at(pursuit, before), (unsigned long long)waited_s);
    }
    if (is_moving) {
        fprintf(stderr, "aims: attempt %u: naming coordinator %u\n", pursuit->petition.attempt,
                index_at(pursuit, named(pursuit)));
    }
}

/* The coordinator that is followed says that the attempt is decided. */
static void look(struct pursuit *pursuit, uint64_t until_ms)
{
    struct web *web = pursuit->connect->coordinators[pursuit->followed].web;
    uint32_t claimed = follow_state(pursuit->follow)->attempt;
    struct result result;
    struct error why;

    if (fetch_news(pursuit, web, claimed, &result, &why)) {
        decide(pursuit, &result);
        return;
    }
    complain(pursuit, &why);

    uint64_t now = delay_now_ms();

    if (now >= until_ms) {
        return;
    }
    delay_sleep_ms(until_ms - now < LOOK_MS ? (uint32_t)(until_ms - now) : LOOK_MS);
}

/* Waits for what the coordinator that is followed has to say, until UNTIL_MS. */
static void wait_on(struct pursuit *pursuit, uint64_t until_ms)
{
    enum follow_event event = FOLLOW_SILENT;
    struct error why;

    if (!follow_wait(pursuit->follow, until_ms, &event, &why)) {
        size_t position = pursuit->followed;

        stop_following(pursuit);
        refuse(pursuit, position, &why);
        return;
    }
    if (event == FOLLOW_PROGRESS && pursuit->followed == named(pursuit)) {
        step(pursuit, PETITION_EVENT_PROGRESS, NULL);
    }
    if (event == FOLLOW_DECIDED && delay_now_ms() < until_ms) {
        look(pursuit, until_ms);
    }
}

/* One turn: hands in, waits, or gives up waiting. */
static void turn(struct pursuit *pursuit)
{
    uint64_t now = delay_now_ms();
    uint64_t until_ms = pursuit->deadline_ms - pursuit->skipped_ms;

    if (pursuit->is_due) {
        hand_in(pursuit);
        return;
    }
    if (now >= until_ms) {
        time_out(pursuit);
        return;
    }
    until_ms = until_ms < pursuit->end_ms ? until_ms : pursuit->end_ms;
    if (pursuit->follow != NULL) {
        wait_on(pursuit, until_ms);
    } else if (until_ms > now) {
        delay_sleep_ms((uint32_t)(until_ms - now));
    }
}

/* ---- what is known ---- */

/* Asks the coordinator behind WEB what it knows of the case; the result if it has one that says
 * more than BEST. */
static void survey_one(struct pursuit *pursuit, struct web *web, struct result *best,
                       bool *has_best)
{
    struct web_request request = {.method = WEB_GET, .timeout_ms = SURVEY_MS};
    struct result_hearing hearing = {.case_id = pursuit->filing->case_id};
    char path[RESULT_PATH_SIZE];
    struct web_answer answer;
    struct follow_state state;
    struct result result;
    struct error ignored;

    result_path(&hearing, "", path);
    request.path = path;
    bool is_known = web_send(web, &request, &answer, &ignored) && answer.status == 200 &&
                    follow_parse(buffer_bytes(&answer.body), &state, &ignored);

    web_answer_finish(&answer);
    if (!is_known || (state.attempt <= 1 && !follow_is_decided(&state)) ||
        !fetch_news(pursuit, web, state.attempt - !follow_is_decided(&state), &result, &ignored)) {
        return;
    }
    bool is_later =
        !*has_best || outcome_of(&result) == BINDING_CONCLUSIVE ||
        (outcome_of(best) != BINDING_CONCLUSIVE && result.parsed->attempt > best->parsed->attempt);

    if (is_later && *has_best) {
        result_finish(best);
    }
    if (is_later) {
        *best = result;
        *has_best = true;
    } else {
        result_finish(&result);
    }
}

/* Begins with what was decided already, if anything was. */
static void survey(struct pursuit *pursuit)
{
    struct result best = {0};
    bool has_best = false;

    for (size_t i = 0; i < pursuit->connect->count; i++) {
        survey_one(pursuit, connect_at(pursuit->connect, i)->web, &best, &has_best);
    }
    if (has_best) {
        decide(pursuit, &best);
    } else {
        step(pursuit, PETITION_EVENT_START, NULL);
    }
}

/* Begins with an attempt that somebody wants heard again, whatever it says. */
static void begin_after(struct pursuit *pursuit)
{
    const struct pursue_options *options = pursuit->options;
    struct petition_result decided = {
        .attempt = options->earlier->statement.cases[options->index].attempt,
        .outcome = BINDING_CONTESTED,
        .is_worth_repeating = true,
    };

    pursuit->filing->header.earlier = options->earlier_bytes;
    step(pursuit, PETITION_EVENT_DECIDED, &decided);
    skip_wait(pursuit);
}

static void begin(struct pursuit *pursuit)
{
    const struct pursue_options *options = pursuit->options;
    size_t count = pursuit->connect->count;
    uint32_t done =
        options->earlier == NULL ? 0 : options->earlier->statement.cases[options->index].attempt;
    struct petition_config config = {
        .coordinator_count = (uint8_t)count,
        .first = (uint8_t)((pursuit->connect->first + count - done % count) % count),
        .attempt_count = options->attempt_count,
        .wait_ms = options->patience_ms,
        .wait_ms_max = WAIT_MS_MAX > options->patience_ms ? WAIT_MS_MAX : options->patience_ms,
    };

    petition_init(&pursuit->petition, &config);
    if (options->earlier == NULL) {
        survey(pursuit);
    } else {
        begin_after(pursuit);
    }
}

/* Neither concluded nor given up: what there is must do. */
static bool end_early(const struct pursuit *pursuit, struct error *error)
{
    char id[DIGEST_HEX_SIZE];
    const char *state = pursuit->follow == NULL ? "" : follow_text(pursuit->follow);

    if (pursuit->has_result) {
        fprintf(stderr,
                "aims: there is no conclusion yet; submit the same bundle again to go on\n");
        return true;
    }
    if (all_refused(pursuit)) {
        *error = pursuit->refusal;
        return false;
    }
    return error_set(error, ERROR_TIMEOUT,
                     "case %s is not decided after %llu s%s%s; submit the same bundle again to go "
                     "on",
                     encode_digest(&pursuit->filing->case_id, id),
                     (unsigned long long)pursuit->options->timeout_ms / 1000,
                     state[0] == '\0' ? "" : "; ", state);
}

bool pursue_case(const struct connect *connect, struct filing *filing,
                 const struct pursue_options *options, struct result *out, struct error *error)
{
    struct pursuit pursuit = {.connect = connect,
                              .filing = filing,
                              .options = options,
                              .end_ms = delay_now_ms() + options->timeout_ms};
    bool is_ok = true;

    begin(&pursuit);
    while (!pursuit.petition.is_over && !all_refused(&pursuit) && delay_now_ms() < pursuit.end_ms) {
        turn(&pursuit);
    }
    if (!pursuit.petition.is_over) {
        is_ok = end_early(&pursuit, error);
    }
    stop_following(&pursuit);
    buffer_finish(&pursuit.earlier);
    *out = pursuit.result;
    return is_ok;
}
