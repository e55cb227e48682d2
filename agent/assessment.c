#include "agent/assessment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "council/binding.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "evidence/bundle.h"
#include "proto/codec.h"
#include "report/papers.h"

#define REFETCH_MS   1000 /* A part that did not come is asked for again. */
#define PATH_SIZE    512
#define HEADER_SIZE  (BUNDLE_HEADER_MAX + 1024) /* Bytes of a bundle read to find its header. */
#define BUNDLE_LIMIT (BUNDLE_CONTENT_MAX + HEADER_SIZE)

struct assessment {
    size_t index;      /* The case at hand. */
    bool is_asked;     /* The assessor has it. */
    bool has_bundle;   /* Its bundle is in the spool, whole. */
    int fd;            /* Of the bundle that is being fetched; -1. */
    uint64_t offset;   /* Received so far. */
    uint64_t asked_ms; /* Last FETCH. */
    uint8_t source;    /* Coordinator it is fetched from. */
    struct message_entry *entries;
    struct seat_store_hearing *hearings;
    struct buffer *papers;                   /* Sealed, one per case. */
    struct buffer sheets[MESSAGE_CASES_MAX]; /* Encoded; empty where another case has the same. */
    char path[PATH_SIZE];
};

static void advance(struct agent *agent);

static const struct message_header *case_at_hand(const struct hearing *hearing)
{
    return &hearing->docket.docket.cases[hearing->assessment->index];
}

static void close_bundle(struct assessment *assessment)
{
    if (assessment->fd >= 0) {
        close(assessment->fd);
        assessment->fd = -1;
    }
    if (assessment->path[0] != '\0') {
        (void)unlink(assessment->path);
        assessment->path[0] = '\0';
    }
    assessment->has_bundle = false;
    assessment->offset = 0;
}

void assessment_begin(struct hearing *hearing)
{
    size_t count = hearing->docket.docket.case_count;
    struct assessment *assessment = calloc(1, sizeof(*assessment));

    CHECK(assessment != NULL);
    assessment->entries = calloc(count, sizeof(*assessment->entries));
    assessment->hearings = calloc(count, sizeof(*assessment->hearings));
    assessment->papers = calloc(count, sizeof(*assessment->papers));
    CHECK(assessment->entries != NULL);
    CHECK(assessment->hearings != NULL);
    CHECK(assessment->papers != NULL);
    assessment->fd = -1;
    assessment->source = hearing->from;
    hearing->assessment = assessment;
    hearing->assess_until_ms = loop_now_ms() + AGENT_ASSESS_MS;
    advance(hearing->agent);
}

static void free_assessment(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;
    size_t count = hearing->docket.docket.case_count;

    close_bundle(assessment);
    for (size_t i = 0; i < count; i++) {
        buffer_finish(&assessment->papers[i]);
        buffer_finish(&assessment->sheets[i]);
    }
    free(assessment->papers);
    free(assessment->hearings);
    free(assessment->entries);
    free(assessment);
    hearing->assessment = NULL;
}

void assessment_cancel(struct hearing *hearing)
{
    struct agent *agent = hearing->agent;

    if (hearing->assessment == NULL) {
        return;
    }
    bool is_asked = hearing->assessment->is_asked;

    free_assessment(hearing);
    if (agent->assessing == hearing) {
        agent->assessing = NULL;
        if (is_asked) {
            assessor_cancel(agent->assessor);
        }
        advance(agent);
    }
}

/* Notes that the case at hand is not assessed, and goes on. */
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
    close_bundle(assessment);
    assessment->is_asked = false;
    assessment->index++;
}

/* S1: may this seat assess the case at hand? True when it may; else it has abstained, or waits with
 * *MUST_WAIT. */
static bool judge(struct hearing *hearing, bool *must_wait)
{
    struct agent *agent = hearing->agent;
    struct arena *arena = arena_create(1024 * 1024);
    struct binding_record *records = NULL;
    struct digest blocker;
    struct error error;
    size_t count = 0;
    enum binding_verdict verdict = BINDING_WAIT;

    *must_wait = false;
    if (!seat_store_bindings(agent->store, &hearing->docket.cases[hearing->assessment->index],
                             arena, &records, &count, &error)) {
        agent_fail(agent, &error);
        *must_wait = true;
    } else {
        verdict = binding_judge(records, count, &hearing->docket.scope.docket,
                                case_at_hand(hearing)->attempt, &blocker);
    }
    arena_destroy(arena);
    switch (verdict) {
    case BINDING_ASSESS:
        return true;
    case BINDING_WAIT:
        *must_wait = true;
        return false;
    case BINDING_ELSEWHERE:
        abstain(hearing, MESSAGE_BOUND, &blocker, "it is bound to another docket");
        return false;
    case BINDING_CONCLUDED:
        abstain(hearing, MESSAGE_CONCLUDED, &blocker, "a certificate already stands");
        return false;
    default:
        CHECK_UNREACHABLE();
    }
}

static bool clock_agrees(const struct hearing *hearing)
{
    uint64_t now = (uint64_t)time(NULL);
    uint64_t as_of = hearing->docket.docket.as_of;
    uint64_t apart = now > as_of ? now - as_of : as_of - now;

    return apart <= AGENT_CLOCK_S_MAX;
}

static void ask_for_part(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;
    struct message message = {.kind = MESSAGE_FETCH};

    assessment->asked_ms = loop_now_ms();
    message.fetch.item = MESSAGE_ITEM_BUNDLE;
    message.fetch.digest = case_at_hand(hearing)->bundle;
    message.fetch.offset = assessment->offset;
    agent_send(hearing->agent, assessment->source, &message);
}

/* Opens a file in the spool for the bundle of the case at hand and asks for its first part. */
static bool begin_fetch(struct hearing *hearing, struct error *error)
{
    struct assessment *assessment = hearing->assessment;
    char name[DIGEST_HEX_SIZE];

    encode_digest(&case_at_hand(hearing)->bundle, name);
    (void)snprintf(assessment->path, sizeof(assessment->path), "%s/%s.aims",
                   hearing->agent->options.spool, name);
    assessment->fd =
        open(assessment->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (assessment->fd < 0) {
        return error_set(error, ERROR_IO, "cannot make '%s': %s", assessment->path,
                         strerror(errno));
    }
    ask_for_part(hearing);
    return true;
}

/* Reads the header of the bundle and finds its key. */
static bool open_header(struct hearing *hearing, struct assessor_request *request,
                        struct error *error)
{
    const struct message_header *header = case_at_hand(hearing);
    struct arena *arena = arena_create(4 * HEADER_SIZE);
    uint8_t *block = arena_alloc(arena, HEADER_SIZE);
    ssize_t got = pread(hearing->assessment->fd, block, HEADER_SIZE, 0);
    struct bundle_header found;
    bool is_ok = false;

    if (got < 0) {
        (void)error_set(error, ERROR_IO, "cannot read the bundle: %s", strerror(errno));
    } else if (bundle_read_header(bytes_of(block, (size_t)got), arena, &found, error)) {
        bool is_its_own =
            digest_equal(&found.manifest, &header->manifest) &&
            memcmp(found.submitter.signing, header->signing, sizeof(header->signing)) == 0;

        request->is_plain = found.is_plain;
        is_ok =
            is_its_own || error_set(error, ERROR_DENIED, "the bundle is not the one of the case");
        if (is_ok && !found.is_plain) {
            is_ok = digest_equal(&found.roster, &hearing->agent->roster.digest)
                        ? bundle_unseal(&found, hearing->agent->options.seat, hearing->agent->keys,
                                        request->key, error)
                        : error_set(error, ERROR_DENIED, "it is sealed for another roster");
        }
    }
    arena_destroy(arena);
    return is_ok;
}

/* The bundle is there: gives it to the assessor. */
static void ask_assessor(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;
    struct assessor_request request = {
        .bundle = assessment->path,
        .case_id = hearing->docket.cases[assessment->index],
        .docket = hearing->docket.scope.docket,
        .seat = hearing->agent->options.seat,
    };
    struct error error;

    if (!open_header(hearing, &request, &error)) {
        abstain(hearing, MESSAGE_BAD_BUNDLE, NULL, error.message);
    } else {
        assessment->is_asked = true;
        assessor_ask(hearing->agent->assessor, &request);
    }
    seal_wipe(request.key, sizeof(request.key));
}

static bool has_sheet(const struct assessment *assessment, struct bytes sheet)
{
    for (size_t i = 0; i < assessment->index; i++) {
        if (bytes_equal(buffer_bytes(&assessment->sheets[i]), sheet)) {
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
        if (assessment->sheets[i].size > 0) {
            sheets[message.verdict.sheet_count++] = buffer_bytes(&assessment->sheets[i]);
        }
    }
    /* A sheet is at most MESSAGE_SHEET_MAX and cases at most MESSAGE_CASES_MAX: it fits. */
    bool is_encoded = codec_frame_encode(&message, frame, &error);

    CHECK(is_encoded);
}

/* All cases are done: makes the verdict, signs it and hands it over. */
static void finish(struct hearing *hearing)
{
    struct agent *agent = hearing->agent;
    struct assessment *assessment = hearing->assessment;
    struct message_signed verdict;
    struct buffer payload = {0};
    struct buffer frame = {0};

    for (size_t i = 0; i < hearing->docket.docket.case_count; i++) {
        assessment->hearings[i] = (struct seat_store_hearing){
            .case_id = hearing->docket.cases[i],
            .attempt = hearing->docket.docket.cases[i].attempt,
            .is_assessed = assessment->entries[i].reason == MESSAGE_ASSESSED,
            .papers = buffer_bytes(&assessment->papers[i]),
        };
    }
    make_verdict(hearing, &payload, &verdict, &frame);
    agent->assessing = NULL;
    hearing_assessed(hearing, &verdict, buffer_bytes(&frame), assessment->hearings);
    free_assessment(hearing);
    buffer_finish(&payload);
    buffer_finish(&frame);
}

/* Does what can be done now for the case at hand; false when it has to wait. */
static bool work_on_case(struct hearing *hearing)
{
    struct assessment *assessment = hearing->assessment;
    bool must_wait = false;
    struct error error;

    if (assessment->is_asked) {
        return false;
    }
    if (loop_now_ms() >= hearing->assess_until_ms) {
        bool is_missing = assessment->fd >= 0 && !assessment->has_bundle;

        abstain(hearing, is_missing ? MESSAGE_NO_BUNDLE : MESSAGE_TOO_LATE, NULL,
                is_missing ? "its bundle did not come" : "the deadline passed");
        return true;
    }
    if (assessment->has_bundle) {
        if (!assessor_is_ready(hearing->agent->assessor)) {
            return false;
        }
        ask_assessor(hearing);
        return !assessment->is_asked;
    }
    if (assessment->fd >= 0) {
        return false;
    }
    if (!clock_agrees(hearing)) {
        abstain(hearing, MESSAGE_CLOCK, NULL, "the docket's time is not this seat's");
        return true;
    }
    if (!judge(hearing, &must_wait)) {
        return !must_wait;
    }
    if (!begin_fetch(hearing, &error)) {
        abstain(hearing, MESSAGE_NO_BUNDLE, NULL, error.message);
        return true;
    }
    return false;
}

/* Goes on with the oldest docket that is being assessed. */
static void advance(struct agent *agent)
{
    while (agent->failure.code == 0) {
        if (agent->assessing == NULL) {
            struct hearing *next = agent->hearings;

            while (next != NULL && next->assessment == NULL) {
                next = next->next;
            }
            if (next == NULL) {
                return;
            }
            agent->assessing = next;
        }
        struct hearing *hearing = agent->assessing;

        if (hearing->assessment->index == hearing->docket.docket.case_count) {
            /* The verdict names the rule set, which only a running assessor announces. */
            if (digest_is_zero(assessor_ruleset(agent->assessor))) {
                return;
            }
            finish(hearing);
        } else if (!work_on_case(hearing)) {
            return;
        }
    }
}

void assessment_item(struct agent *agent, uint8_t coordinator, const struct message *message)
{
    struct hearing *hearing = agent->assessing;

    if (hearing == NULL || hearing->assessment->fd < 0 || hearing->assessment->has_bundle ||
        !digest_equal(&message->item.digest, &case_at_hand(hearing)->bundle) ||
        message->item.offset != hearing->assessment->offset) {
        return; /* Late, or asked for twice. */
    }
    struct assessment *assessment = hearing->assessment;
    struct bytes data = message->item.data;

    if (message->item.total_size == 0 || message->item.total_size > BUNDLE_LIMIT) {
        assessment->source = (uint8_t)((coordinator + 1) % agent->roster.coordinator_count);
        return; /* The next tick asks another one. */
    }
    if (data.size > message->item.total_size - assessment->offset ||
        pwrite(assessment->fd, data.data, data.size, (off_t)assessment->offset) !=
            (ssize_t)data.size) {
        abstain(hearing, MESSAGE_NO_BUNDLE, NULL, "its bundle could not be kept");
    } else {
        assessment->offset += data.size;
        assessment->has_bundle = assessment->offset == message->item.total_size;
        if (!assessment->has_bundle) {
            ask_for_part(hearing);
            return;
        }
    }
    advance(agent);
}

void assessment_tick(struct agent *agent)
{
    struct hearing *hearing = agent->assessing;
    uint64_t now_ms = loop_now_ms();

    if (hearing != NULL && now_ms >= hearing->assess_until_ms) {
        if (hearing->assessment->is_asked) {
            assessor_cancel(agent->assessor);
            abstain(hearing, MESSAGE_TOO_LATE, NULL, "the assessor took too long");
        }
    } else if (hearing != NULL && hearing->assessment->fd >= 0 &&
               !hearing->assessment->has_bundle &&
               now_ms >= hearing->assessment->asked_ms + REFETCH_MS) {
        ask_for_part(hearing);
    }
    advance(agent);
}

void assessment_ready(struct agent *agent)
{
    advance(agent);
}

/* Encodes the sheet and seals the papers of the case at hand. */
static void keep_answer(struct hearing *hearing, const struct assessor_answer *answer)
{
    struct assessment *assessment = hearing->assessment;
    const struct message_header *header = case_at_hand(hearing);
    struct message_entry *entry = &assessment->entries[assessment->index];
    struct buffer *sheet = &assessment->sheets[assessment->index];
    struct papers papers = {.case_id = hearing->docket.cases[assessment->index],
                            .docket = hearing->docket.scope.docket,
                            .seat = hearing->agent->options.seat};
    struct error error;

    codec_part_encode_sheet(&answer->sheet, sheet);
    *entry = (struct message_entry){.reason = MESSAGE_ASSESSED};
    hash_bytes(buffer_bytes(sheet), &entry->digest);
    if (has_sheet(assessment, buffer_bytes(sheet))) {
        buffer_clear(sheet);
    }
    if (!papers_seal(&papers, answer->papers, header->sealing, &hearing->agent->roster,
                     &assessment->papers[assessment->index], &error)) {
        log_line(LOG_WARNING, "working papers are not kept: %s", error.message);
    }
    close_bundle(assessment);
    assessment->is_asked = false;
    assessment->index++;
}

void assessment_answer(struct agent *agent, const struct assessor_answer *answer)
{
    struct hearing *hearing = agent->assessing;

    CHECK(hearing != NULL);
    CHECK(hearing->assessment->is_asked);
    if (answer->reason == MESSAGE_ASSESSED) {
        keep_answer(hearing, answer);
    } else {
        abstain(hearing, answer->reason, NULL, answer->message);
    }
    /* assessment_ready() or the next tick goes on: the assessor still holds this answer. */
}
