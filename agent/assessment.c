#include "agent/assessment.h"

#include <stdlib.h>
#include <time.h>

#include "agent/examine.h"
#include "agent/papers_desk.h"
#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "council/binding.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "proto/codec.h"

#define RECORDS_SIZE_MAX (1024 * 1024) /* Bytes of what the store knows of one case. */

struct assessment {
    size_t index; /* The case at hand. */
    struct message_entry *entries;
    struct seat_store_hearing *hearings;
    struct buffer *sheets; /* Encoded, one per case; empty: abstained. */
    bool is_waiting;       /* For the certificate of an earlier hearing. */
    uint64_t turn_ms;      /* Longest examination while others wait for theirs. */
    uint64_t began_ms;     /* The one that is running. */
};

static const struct message_header *case_at_hand(const struct hearing *hearing)
{
    return &hearing->docket.docket.cases[hearing->assessment->index];
}

void assessment_begin(struct hearing *hearing)
{
    hearing->is_queued = true;
    hearing->assess_until_ms = loop_now_ms() + AGENT_ASSESS_MS;
    hearing->agent->has_work = true; /* Not at once: an event is being handled. */
    papers_desk_yield(hearing->agent->papers_desk);
}

/* Its turn has come. */
static void start(struct hearing *hearing)
{
    size_t count = hearing->docket.docket.case_count;
    struct assessment *assessment = calloc(1, sizeof(*assessment));

    CHECK(assessment != NULL);
    assessment->entries = calloc(count, sizeof(*assessment->entries));
    assessment->hearings = calloc(count, sizeof(*assessment->hearings));
    assessment->sheets = calloc(count, sizeof(*assessment->sheets));
    CHECK(assessment->entries != NULL);
    CHECK(assessment->hearings != NULL);
    CHECK(assessment->sheets != NULL);
    assessment->turn_ms = AGENT_TURN_MS;
    hearing->is_queued = false;
    hearing->assessment = assessment;
}

static void free_assessment(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;

    for (size_t i = 0; i < hearing->docket.docket.case_count; i++) {
        buffer_finish(&assessment->sheets[i]);
    }
    free(assessment->sheets);
    free(assessment->hearings);
    free(assessment->entries);
    free(assessment);
    hearing->assessment = NULL;
}

void assessment_cancel(struct hearing *hearing)
{
    hearing->is_queued = false;
    if (hearing->assessment == NULL) {
        return;
    }
    if (hearing->agent->assessing == hearing) {
        hearing->agent->assessing = NULL;
        examine_cancel(hearing->agent->examine);
    }
    free_assessment(hearing);
}

/* Notes that the case at hand is not assessed, and goes on to the next. */
static void abstain(struct hearing *hearing, enum message_reason reason,
                    const struct digest *blocker, const char *why)
{
    struct assessment *assessment = hearing->assessment;
    struct message_entry *entry = &assessment->entries[assessment->index];
    char id[DIGEST_HEX_SIZE];

    log_line(LOG_INFO, "case %.12s: abstained: %s",
             encode_digest(&hearing->docket.cases[assessment->index], id), why);
    *entry = (struct message_entry){.reason = reason};
    if (blocker != NULL) {
        entry->digest = *blocker;
    }
    assessment->index++;
}

static void examined(void *context, const struct assessor_answer *answer)
{
    struct hearing *hearing = context;
    struct assessment *assessment = hearing->assessment;
    struct message_entry *entry = &assessment->entries[assessment->index];
    struct buffer *sheet = &assessment->sheets[assessment->index];

    hearing->agent->assessing = NULL;
    if (answer->reason != MESSAGE_ASSESSED) {
        abstain(hearing, answer->reason, NULL, answer->message);
        return;
    }
    codec_part_encode_sheet(&answer->sheet, sheet);
    *entry = (struct message_entry){.reason = MESSAGE_ASSESSED};
    hash_bytes(buffer_bytes(sheet), &entry->digest);
    assessment->index++;
}

/* S1: may this seat assess the case at hand? */
static enum binding_verdict judge(struct hearing *hearing, struct digest *blocker)
{
    struct agent *agent = hearing->agent;
    struct arena *arena = arena_create(RECORDS_SIZE_MAX);
    struct binding_record *records = NULL;
    enum binding_verdict verdict = BINDING_WAIT;
    struct error error;
    size_t count = 0;

    if (seat_store_bindings(agent->store, &hearing->docket.cases[hearing->assessment->index], arena,
                            &records, &count, &error)) {
        verdict = binding_judge(records, count, &hearing->docket.scope.docket,
                                case_at_hand(hearing)->attempt, blocker);
    } else {
        agent_fail(agent, &error);
    }
    arena_destroy(arena);
    return verdict;
}

static bool clock_agrees(const struct hearing *hearing)
{
    uint64_t now = (uint64_t)time(NULL);
    uint64_t as_of = hearing->docket.docket.as_of;
    uint64_t apart = now > as_of ? now - as_of : as_of - now;

    return apart <= AGENT_CLOCK_S_MAX;
}

/* Whether the turn of the home that was examined last goes on. */
static bool has_turn(const struct agent *agent)
{
    return loop_now_ms() < agent->turn_ms + AGENT_TURN_MS;
}

static void begin_examination(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;
    struct agent *agent = hearing->agent;
    uint8_t home = hearing->docket.docket.home;
    struct examine_task task = {
        .header = case_at_hand(hearing),
        .case_id = hearing->docket.cases[assessment->index],
        .docket = hearing->docket.scope.docket,
        .source = hearing->from,
        .until_ms = hearing->assess_until_ms,
        .done = examined,
        .context = hearing,
    };

    assessment->began_ms = loop_now_ms();
    if (home != agent->assessed_home || !has_turn(agent)) {
        agent->turn_ms = assessment->began_ms;
    }
    agent->assessing = hearing;
    agent->assessed_home = home;
    examine_begin(agent->examine, &task);
}

/* The case at hand may be assessed here: begins, if there is time, and once the examination is
 * free. */
static bool assess_case(struct hearing *hearing)
{
    if (loop_now_ms() >= hearing->assess_until_ms) {
        abstain(hearing, MESSAGE_TOO_LATE, NULL, "the deadline passed");
        return true;
    }
    if (!clock_agrees(hearing)) {
        abstain(hearing, MESSAGE_CLOCK, NULL, "the docket's time is not this seat's");
        return true;
    }
    if (examine_is_idle(hearing->agent->examine)) {
        begin_examination(hearing);
    }
    return false;
}

/* Abstains from the case at hand, which VERDICT forbids. The abstention names the docket that
 * stands in the way: the chairs then see to it. */
static void stand_aside(struct hearing *hearing, enum binding_verdict verdict,
                        const struct digest *blocker)
{
    switch (verdict) {
    case BINDING_WAIT:
        abstain(hearing, MESSAGE_BOUND, blocker, "an earlier hearing is not decided");
        break;
    case BINDING_ELSEWHERE:
        abstain(hearing, MESSAGE_BOUND, blocker, "it is bound to another docket");
        break;
    case BINDING_CONCLUDED:
        abstain(hearing, MESSAGE_CONCLUDED, blocker, "a certificate already stands");
        break;
    case BINDING_ASSESS:
    default:
        CHECK_UNREACHABLE();
    }
}

/* Does what can be done now for the case at hand; false when it has to wait. */
static bool work_on_case(struct hearing *hearing)
{
    struct digest blocker;
    enum binding_verdict verdict = judge(hearing, &blocker);

    hearing->assessment->is_waiting =
        verdict == BINDING_WAIT && loop_now_ms() < hearing->assess_until_ms;
    if (verdict == BINDING_ASSESS) {
        return assess_case(hearing);
    }
    if (hearing->assessment->is_waiting) {
        return false;
    }
    stand_aside(hearing, verdict, &blocker);
    return true;
}

/* Several dockets may be examined at once: another one's verdict, or a certificate, may have come
 * since a case was. Who is first binds it. */
static void judge_again(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;
    struct digest blocker;

    assessment->index = 0;
    while (assessment->index < hearing->docket.docket.case_count) {
        bool is_assessed = assessment->entries[assessment->index].reason == MESSAGE_ASSESSED;
        enum binding_verdict verdict = is_assessed ? judge(hearing, &blocker) : BINDING_ASSESS;

        if (verdict == BINDING_ASSESS) {
            assessment->index++;
        } else {
            buffer_clear(&assessment->sheets[assessment->index]);
            stand_aside(hearing, verdict, &blocker);
        }
    }
}

/* An earlier case has the sheet of case INDEX. */
static bool is_repeated(const struct assessment *assessment, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (assessment->sheets[i].size > 0 &&
            digest_equal(&assessment->entries[i].digest, &assessment->entries[index].digest)) {
            return true;
        }
    }
    return false;
}

/* Signs and frames the verdict on all cases. */
static void make_verdict(const struct hearing *hearing, struct buffer *payload,
                         struct message_signed *verdict_signed, struct buffer *frame)
{
    const struct agent *agent = hearing->agent;
    struct assessment *assessment = hearing->assessment;
    struct message message = {.kind = MESSAGE_VERDICT};
    struct bytes sheets[MESSAGE_CASES_MAX];
    struct message_verdict verdict = {
        .roster = agent->roster.digest,
        .docket = hearing->docket.scope.docket,
        .seat = agent->options.seat,
        .ruleset = *assessor_ruleset(agent->assessor),
        .assessed_at = (uint64_t)time(NULL),
        .entry_count = hearing->docket.docket.case_count,
        .entries = assessment->entries,
    };
    struct error error;

    codec_payload_encode_verdict(&verdict, payload);
    verdict_signed->payload = buffer_bytes(payload);
    sign_payload(agent->keys, MESSAGE_TYPE_VERDICT, verdict_signed->payload,
                 verdict_signed->signature);
    message.verdict.verdict_count = 1;
    message.verdict.verdicts = verdict_signed;
    message.verdict.sheets = sheets;
    for (size_t i = 0; i < verdict.entry_count; i++) {
        if (assessment->sheets[i].size > 0 && !is_repeated(assessment, i)) {
            sheets[message.verdict.sheet_count++] = buffer_bytes(&assessment->sheets[i]);
        }
    }
    /* At most MESSAGE_CASES_MAX sheets of at most MESSAGE_SHEET_MAX bytes: it fits. */
    bool is_encoded = codec_frame_encode(&message, frame, &error);

    CHECK(is_encoded);
}

/* All cases are done and free: makes the verdict and hands it over. */
static void finish(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;
    struct message_signed verdict;
    struct buffer payload = {0};
    struct buffer frame = {0};

    for (size_t i = 0; i < hearing->docket.docket.case_count; i++) {
        assessment->hearings[i] = (struct seat_store_hearing){
            .case_id = hearing->docket.cases[i],
            .attempt = hearing->docket.docket.cases[i].attempt,
            .is_assessed = assessment->entries[i].reason == MESSAGE_ASSESSED,
        };
    }
    make_verdict(hearing, &payload, &verdict, &frame);
    hearing_assessed(hearing, &verdict, buffer_bytes(&frame), assessment->hearings);
    free_assessment(hearing);
    buffer_finish(&payload);
    buffer_finish(&frame);
}

/* Takes HEARING as far as it goes now; false when it waits for the examination or a certificate. */
static bool advance_one(struct hearing *hearing)
{
    while (hearing->assessment->index < hearing->docket.docket.case_count) {
        if (!work_on_case(hearing)) {
            return false;
        }
    }
    /* The verdict names the rule set, which only a running assessor announces. */
    if (digest_is_zero(assessor_ruleset(hearing->agent->assessor))) {
        return false;
    }
    judge_again(hearing);
    if (hearing->agent->failure.code == 0) {
        finish(hearing);
    }
    return true;
}

/* S1: lets the oldest dockets of HOME begin, up to AGENT_ASSESS_MAX at a time. */
static void start_queued(struct agent *agent, uint8_t home)
{
    size_t running = 0;

    for (struct hearing *hearing = agent->hearings; hearing != NULL; hearing = hearing->next) {
        running += hearing->docket.docket.home == home && hearing->assessment != NULL;
    }
    for (struct hearing *hearing = agent->hearings; hearing != NULL && running < AGENT_ASSESS_MAX;
         hearing = hearing->next) {
        if (hearing->docket.docket.home == home && hearing->is_queued && hearing_wake(hearing)) {
            start(hearing);
            running++;
        }
    }
}

/* Takes the dockets of HOME as far as they go now: all of them wait then, or one is examined. */
static void advance_home(struct agent *agent, uint8_t home)
{
    struct hearing *hearing = agent->hearings;

    start_queued(agent, home);
    while (hearing != NULL && agent->failure.code == 0) {
        bool is_done = hearing->docket.docket.home == home && hearing->assessment != NULL &&
                       hearing != agent->assessing && advance_one(hearing);

        if (is_done) {
            start_queued(agent, home);
        }
        /* What the next ones wait for, this verdict may have settled. */
        hearing = is_done ? agent->hearings : hearing->next;
    }
}

bool assessment_advance(struct agent *agent)
{
    uint8_t count = agent->roster.coordinator_count;
    uint8_t first = (uint8_t)(agent->assessed_home + (has_turn(agent) ? 0 : 1));

    /* Home by home in turn, so that none can keep the others waiting. */
    for (uint8_t i = 0; i < count; i++) {
        advance_home(agent, (uint8_t)((first + i) % count));
    }
    for (struct hearing *hearing = agent->hearings; hearing != NULL; hearing = hearing->next) {
        if (hearing->is_queued || hearing->assessment != NULL) {
            return false;
        }
    }
    return examine_is_idle(agent->examine);
}

/* Some docket of another home than HOME could be examined now. */
static bool is_awaited_elsewhere(const struct agent *agent, uint8_t home)
{
    for (struct hearing *hearing = agent->hearings; hearing != NULL; hearing = hearing->next) {
        if (hearing->docket.docket.home != home &&
            (hearing->is_queued ||
             (hearing->assessment != NULL && !hearing->assessment->is_waiting))) {
            return true;
        }
    }
    return false;
}

void assessment_yield(struct agent *agent)
{
    struct hearing *hearing = agent->assessing;

    if (hearing == NULL ||
        loop_now_ms() < hearing->assessment->began_ms + hearing->assessment->turn_ms ||
        !is_awaited_elsewhere(agent, hearing->docket.docket.home)) {
        return;
    }
    agent->assessing = NULL;
    examine_cancel(agent->examine);
    /* It begins anew when its turn comes, and then may take longer. */
    hearing->assessment->turn_ms *= 2;
}
