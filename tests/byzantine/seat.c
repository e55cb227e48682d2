/* What a Byzantine seat does to the frames of aims-agent (sim/setup.h names the strategies). */

#include <string.h>

#include "agent/agent.h"
#include "base/check.h"
#include "council/answer.h"
#include "crypto/sign.h"
#include "net/link_client.h"
#include "proto/codec.h"
#include "report/certificate.h"
#include "tests/byzantine/forgery.h"
#include "tests/byzantine/later.h"
#include "tests/byzantine/mischief.h"
#include "tests/byzantine/plot.h"

#define SEAT_MEMORY     (64U * 1024 * 1024)
#define PULSE_MS        200
#define REPLAYS         4 /* Frames sent again at each pulse. */
#define EARLY_VIEWS_MAX 100000

bool __real_link_client_open(struct loop *loop, const struct link_client_options *options,
                             struct link_client **out, struct error *error);
bool __wrap_link_client_open(struct loop *loop, const struct link_client_options *options,
                             struct link_client **out, struct error *error);
bool __real_link_client_send(struct link_client *client, struct bytes message);
bool __wrap_link_client_send(struct link_client *client, struct bytes message);

/* One coordinator. */
struct peer {
    struct link_client *client; /* NULL until it is open. */
    void (*received)(void *context, struct bytes message);
    void *context;
};

static struct peer peers[MESSAGE_COORDINATORS_MAX];
static bool has_seen_qc;
static uint32_t early_view = 1;
static struct digest early_docket;

static void forward(size_t index, struct bytes frame)
{
    if (peers[index].client != NULL) {
        (void)__real_link_client_send(peers[index].client, frame);
    }
}

static void forward_all(struct bytes frame)
{
    for (size_t i = 0; i < mischief.roster->coordinator_count; i++) {
        forward(i, frame);
    }
}

/* Decodes FRAME of KIND; the caller destroys *ARENA in either case. */
static bool open_frame(struct bytes frame, enum message_kind kind, struct arena **arena,
                       struct message *out)
{
    struct error ignored;

    *arena = arena_create(SEAT_MEMORY);
    return mischief_kind(frame) == kind && codec_frame_decode(frame, *arena, out, &ignored);
}

/* ---- answers ---- */

static void lie(size_t index, struct bytes frame, const uint8_t *answers)
{
    struct buffer other = {0};

    if (mischief_kind(frame) == MESSAGE_VERDICT &&
        forgery_other_verdict(frame, answers, 0, &other)) {
        mischief_done();
        forward(index, buffer_bytes(&other));
    } else {
        forward(index, frame);
    }
    buffer_finish(&other);
}

static const uint8_t inverted[ANSWER_COUNT] = {ANSWER_NONE, ANSWER_NOT_MET, ANSWER_MET,
                                               ANSWER_INSUFFICIENT, ANSWER_NOT_APPLICABLE};

/* Some other answer for each, the same whenever this seat is asked. */
static const uint8_t *drawn_answers(void)
{
    static uint8_t answers[ANSWER_COUNT];
    struct random random = {.state = mischief.node};

    for (size_t i = 1; i < ANSWER_COUNT; i++) {
        answers[i] = (uint8_t)(1 + random_below(&random, ANSWER_COUNT - 1));
        if (mischief.strategy == SETUP_BIASED &&
            random_below(&random, SETUP_ALWAYS) >= mischief.value) {
            answers[i] = (uint8_t)i;
        }
    }
    return answers;
}

/* ---- signing twice ---- */

/* Chairs with even numbers hear the true one first, the others the other one. */
static void two_verdicts(size_t index, struct bytes frame)
{
    struct buffer other = {0};

    if (mischief_kind(frame) != MESSAGE_VERDICT ||
        !forgery_other_verdict(frame, inverted, 1, &other)) {
        forward(index, frame);
        return;
    }
    forward(index, index % 2 == 0 ? frame : buffer_bytes(&other));
    forward(index, index % 2 == 0 ? buffer_bytes(&other) : frame);
    mischief_done_twice();
    buffer_finish(&other);
}

/* Notes that this seat voted for VALUE in VIEW, and whether that contradicts what it signed. */
static void note_vote(struct plot_vote *last, uint32_t view, const struct digest *value)
{
    if (plot_contradicts(last, view, value)) {
        mischief_done_twice();
    } else {
        mischief_done();
    }
}

/* To every chair, whoever's the view is, so that an honest one can prove it. */
static void two_prepares(size_t index, struct bytes frame)
{
    struct message_prepare prepare;
    struct buffer other = {0};
    struct message message;
    struct arena *arena;
    struct error ignored;

    if (open_frame(frame, MESSAGE_PREPARE, &arena, &message) &&
        codec_payload_decode_prepare(message.prepare.payload, &prepare, &ignored)) {
        prepare.value = mischief_noise();
        forgery_prepare(&prepare, mischief.node, &other);
        forward_all(frame);
        forward_all(buffer_bytes(&other));
        mischief_done_twice();
    } else {
        forward(index, frame);
    }
    buffer_finish(&other);
    arena_destroy(arena);
}

/* PREPARE of any proposal that comes, before anybody looks at its book; and of another value. */
static void prepare_all(struct bytes frame)
{
    struct message_prepare prepare = {.roster = mischief.roster->digest};
    struct plot *plot = plot_of_frame(frame);
    struct message_propose propose;
    struct buffer out = {0};
    struct message message;
    struct arena *arena;
    struct error ignored;

    if (open_frame(frame, MESSAGE_PROPOSE, &arena, &message) && plot != NULL &&
        codec_payload_decode_propose(message.propose.propose.payload, &propose, &ignored)) {
        prepare.docket = propose.docket;
        prepare.view = propose.view;
        prepare.value = propose.value;
        prepare.tc = propose.tc;
        forgery_prepare(&prepare, mischief.node, &out);
        forward_all(buffer_bytes(&out));
        note_vote(&plot->prepared, propose.view, &propose.value);
        prepare.value = mischief_noise();
        buffer_clear(&out);
        forgery_prepare(&prepare, mischief.node, &out);
        forward_all(buffer_bytes(&out));
        note_vote(&plot->prepared, propose.view, &prepare.value);
    }
    buffer_finish(&out);
    arena_destroy(arena);
}

/* Signs COMMIT to another value than STATEMENT's and sends it to all. */
static void commit_noise(struct plot *plot, struct statement *statement)
{
    struct buffer other = {0};

    statement->value = mischief_noise();
    forgery_commit(statement, mischief.node, &other);
    forward_all(buffer_bytes(&other));
    note_vote(&plot->committed, statement->view, &statement->value);
    buffer_finish(&other);
}

/* With each COMMIT another one for another value. */
static void two_commits(size_t index, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);
    struct statement *statement = NULL;
    struct message message;
    struct arena *arena;
    struct error ignored;

    forward(index, frame);
    if (open_frame(frame, MESSAGE_COMMIT, &arena, &message) && plot != NULL) {
        statement = arena_alloc(arena, sizeof(*statement));
        CHECK(statement != NULL);
        if (statement_parse(message.commit.payload, arena, statement, &ignored)) {
            commit_noise(plot, statement);
        }
    }
    arena_destroy(arena);
}

/* COMMIT to any proposal that comes, without a QC; and to another value. */
static void commit_all(struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);
    struct statement *statement = NULL;
    struct message_propose propose;
    struct buffer out = {0};
    struct message message;
    struct arena *arena;
    struct error ignored;

    if (open_frame(frame, MESSAGE_PROPOSE, &arena, &message) && plot != NULL &&
        codec_payload_decode_propose(message.propose.propose.payload, &propose, &ignored)) {
        statement = arena_alloc(arena, sizeof(*statement));
        CHECK(statement != NULL);
        if (plot_statement(plot, frame, propose.view, statement)) {
            forgery_commit(statement, mischief.node, &out);
            forward_all(buffer_bytes(&out));
            note_vote(&plot->committed, propose.view, &statement->value);
            commit_noise(plot, statement);
        }
    }
    buffer_finish(&out);
    arena_destroy(arena);
}

/* ---- views ---- */

/* Signs NEW-VIEW for VIEW with the QC that the strategy has for it. */
static void false_new_view(const struct digest *docket, uint32_t view, struct bytes tc,
                           struct buffer *out)
{
    struct message_new_view report = {
        .roster = mischief.roster->digest, .docket = *docket, .view = view};
    struct message_prepare prepare = {
        .roster = mischief.roster->digest, .docket = *docket, .view = view - 1};
    struct buffer qc = {0};

    if (mischief.strategy == SETUP_FALSE_QC) {
        memset(prepare.value.data, mischief.node, sizeof(prepare.value.data));
        if (prepare.view > 1) {
            prepare.tc = prepare.value;
        }
        report.qc_view = prepare.view;
        report.qc_value = prepare.value;
        forgery_false_qc(&prepare, &qc);
    }
    forgery_new_view(&report, buffer_bytes(&qc), tc, out);
    buffer_finish(&qc);
}

/* After each COMMIT the wish for the next view, which denies it; and the same in every NEW-VIEW. */
static void deny(size_t index, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);
    struct statement *statement = NULL;
    struct message_new_view report;
    struct buffer out = {0};
    struct message message;
    struct arena *arena = NULL;
    struct error ignored;

    if (mischief_kind(frame) == MESSAGE_COMMIT && plot != NULL &&
        open_frame(frame, MESSAGE_COMMIT, &arena, &message)) {
        statement = arena_alloc(arena, sizeof(*statement));
        CHECK(statement != NULL);
        forward(index, frame);
        if (statement_parse(message.commit.payload, arena, statement, &ignored)) {
            false_new_view(&plot->id, statement->view + 1, (struct bytes){0}, &out);
            mischief_done();
            mischief.twice_count += mischief.strategy == SETUP_AMNESIA;
        }
    } else if (mischief_kind(frame) == MESSAGE_NEW_VIEW && plot != NULL &&
               open_frame(frame, MESSAGE_NEW_VIEW, &arena, &message) &&
               codec_payload_decode_new_view(message.new_view.report.payload, &report, &ignored)) {
        false_new_view(&plot->id, report.view, message.new_view.tc, &out);
        mischief_done();
    } else {
        forward(index, frame);
    }
    if (out.size > 0) {
        forward(index, buffer_bytes(&out));
    }
    buffer_finish(&out);
    arena_destroy(arena);
}

/* Which docket to hurry, and whether what it says of it denies a COMMIT. */
static void note_early(struct bytes frame)
{
    struct digest docket;

    if (!forgery_docket(frame, &docket)) {
        return;
    }
    if (!digest_equal(&docket, &early_docket)) {
        early_docket = docket;
        early_view = 1;
    } else if (mischief_kind(frame) == MESSAGE_COMMIT && early_view > 1) {
        mischief.twice_count++;
    }
}

static void hurry(void)
{
    struct buffer out = {0};

    if (digest_is_zero(&early_docket) || early_view > EARLY_VIEWS_MAX) {
        return;
    }
    early_view++;
    false_new_view(&early_docket, early_view, (struct bytes){0}, &out);
    forward_all(buffer_bytes(&out));
    mischief_done();
    buffer_finish(&out);
}

/* ---- noise ---- */

/* Votes that say anything, one of them against the PREPARE at hand. */
static void make_noise(size_t index, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);
    struct buffer out = {0};

    if (mischief_kind(frame) == MESSAGE_PREPARE) {
        two_prepares(index, frame);
        return;
    }
    forward(index, frame);
    if (plot == NULL || mischief_is_greeting(frame)) {
        return;
    }
    struct message_prepare prepare = {.roster = mischief.roster->digest, .docket = plot->id};
    struct message_new_view report = {.roster = mischief.roster->digest, .docket = plot->id};

    prepare.view = 2 + random_below(&mischief.random, 3);
    prepare.value = mischief_noise();
    prepare.tc = mischief_noise();
    forgery_prepare(&prepare, mischief.node, &out);
    forward(index, buffer_bytes(&out));
    buffer_clear(&out);
    report.view = 2 + random_below(&mischief.random, 1000);
    report.qc_view = 1;
    report.qc_value = mischief_noise();
    forgery_new_view(&report, bytes_of_text("noise"), bytes_of_text("noise"), &out);
    forward(index, buffer_bytes(&out));
    mischief_done();
    buffer_finish(&out);
}

/* For each frame a number of true signatures on nothing: dockets that do not exist, views that
 * nobody asked for, frames that are none. */
static void flood(size_t index, struct bytes frame)
{
    struct buffer out = {0};

    forward(index, frame);
    if (mischief_is_greeting(frame)) {
        return;
    }
    for (uint32_t i = 0; i < mischief.value; i++) {
        struct message_prepare prepare = {.roster = mischief.roster->digest, .view = 1};
        struct message_new_view report = {.roster = mischief.roster->digest};

        prepare.docket = mischief_noise();
        prepare.value = mischief_noise();
        report.docket = mischief_noise();
        report.view = 2 + i;
        buffer_clear(&out);
        forgery_prepare(&prepare, mischief.node, &out);
        forward(index, buffer_bytes(&out));
        buffer_clear(&out);
        forgery_new_view(&report, (struct bytes){0}, (struct bytes){0}, &out);
        forward(index, buffer_bytes(&out));
        out.size /= 2;
        forward(index, buffer_bytes(&out));
        mischief_done();
    }
    buffer_finish(&out);
}

/* A certificate of the statement in COMMIT that this seat alone has signed, in the names of all. */
static void forge_certificate(size_t index, const struct message *commit)
{
    struct message_vote votes[MESSAGE_SEATS_MAX];
    struct message message = {.kind = MESSAGE_DECIDE};
    struct buffer certificate = {0};
    struct buffer out = {0};

    for (uint8_t seat = 0; seat < mischief.roster->seat_count; seat++) {
        votes[seat] = commit->commit.vote;
        votes[seat].seat = seat;
    }
    certificate_write(mischief.roster, commit->commit.payload, votes, mischief.roster->seat_count,
                      &certificate);
    message.decide.certificate = buffer_bytes(&certificate);
    forgery_write(&message, &out);
    forward(index, buffer_bytes(&out));
    mischief_done();
    buffer_finish(&out);
    buffer_finish(&certificate);
}

/* The same vote in the names of others. */
static void forge(size_t index, struct bytes frame)
{
    struct message message;
    struct buffer out = {0};
    struct arena *arena = arena_create(SEAT_MEMORY);
    struct error ignored;

    forward(index, frame);
    if (codec_frame_decode(frame, arena, &message, &ignored)) {
        if (message.kind == MESSAGE_COMMIT) {
            forge_certificate(index, &message);
        }
        for (uint8_t seat = 0; seat < mischief.roster->seat_count; seat++) {
            if (message.kind == MESSAGE_PREPARE || message.kind == MESSAGE_COMMIT) {
                message.prepare.vote.seat = seat;
            } else if (message.kind == MESSAGE_NEW_VIEW) {
                message.new_view.seat = seat;
            } else {
                break;
            }
            if (seat != mischief.node) {
                buffer_clear(&out);
                forgery_write(&message, &out);
                forward(index, buffer_bytes(&out));
                mischief_done();
            }
        }
    }
    buffer_finish(&out);
    arena_destroy(arena);
}

static void replay(void)
{
    for (int i = 0; i < REPLAYS; i++) {
        struct bytes frame = later_recall();

        if (frame.size > 0) {
            forward_all(frame);
            mischief_done();
        }
    }
}

static void pulse(void)
{
    if (mischief.strategy == SETUP_REPLAY) {
        replay();
    } else if (mischief.strategy == SETUP_EARLY_VIEW) {
        hurry();
    }
}

/* ---- between agent and link ---- */

/* True when this strategy lets FRAME go to coordinator INDEX as it is. */
static bool lets_go(size_t index, struct bytes frame)
{
    switch ((int)mischief.strategy) {
    case SETUP_SILENT:
        return mischief_is_greeting(frame);
    case SETUP_HIDE_QC:
        return !has_seen_qc || mischief_is_greeting(frame);
    case SETUP_SELECTIVE:
        return (mischief.value >> index & 1) != 0;
    case SETUP_LATE:
        later_add(index, frame, mischief.value);
        return false;
    case SETUP_REPLAY:
        if (!mischief_is_greeting(frame)) {
            later_remember(frame);
        }
        return true;
    case SETUP_EARLY_VIEW:
        note_early(frame);
        return true;
    default:
        return true;
    }
}

static void send_by_strategy(size_t index, struct bytes frame)
{
    static const uint8_t pass[ANSWER_COUNT] = {ANSWER_NONE, ANSWER_MET, ANSWER_MET, ANSWER_MET,
                                               ANSWER_MET};
    static const uint8_t fail[ANSWER_COUNT] = {ANSWER_NONE, ANSWER_NOT_MET, ANSWER_NOT_MET,
                                               ANSWER_NOT_MET, ANSWER_NOT_MET};

    switch ((int)mischief.strategy) {
    case SETUP_TWO_VERDICTS:
        two_verdicts(index, frame);
        break;
    case SETUP_TWO_PREPARES:
        two_prepares(index, frame);
        break;
    case SETUP_TWO_COMMITS:
        two_commits(index, frame);
        break;
    case SETUP_AMNESIA:
    case SETUP_FALSE_QC:
        deny(index, frame);
        break;
    case SETUP_NOISE:
        make_noise(index, frame);
        break;
    case SETUP_FLOOD:
        flood(index, frame);
        break;
    case SETUP_FORGE:
        forge(index, frame);
        break;
    case SETUP_ALWAYS_PASS:
        lie(index, frame, pass);
        break;
    case SETUP_ALWAYS_FAIL:
        lie(index, frame, fail);
        break;
    case SETUP_INVERTED:
        lie(index, frame, inverted);
        break;
    case SETUP_BIASED:
    case SETUP_RANDOM:
        lie(index, frame, drawn_answers());
        break;
    default:
        forward(index, frame);
        break;
    }
}

bool __wrap_link_client_send(struct link_client *client, struct bytes frame)
{
    size_t index = 0;

    while (index < MESSAGE_COORDINATORS_MAX && peers[index].client != client) {
        index++;
    }
    if (index == MESSAGE_COORDINATORS_MAX || !mischief_is_on()) {
        return __real_link_client_send(client, frame);
    }
    if (lets_go(index, frame)) {
        send_by_strategy(index, frame);
    } else {
        mischief_done();
    }
    return true;
}

static void receive(void *context, struct bytes frame)
{
    struct peer *peer = context;
    enum message_kind kind = mischief_kind(frame);

    if (mischief_is_on() && kind == MESSAGE_ASSIGN) {
        struct plot *plot = plot_of_frame(frame);

        (void)(plot != NULL && plot_learn(plot, frame));
    }
    if (mischief_is_on() && kind == MESSAGE_CERTIFY) {
        has_seen_qc = true;
    }
    if (mischief_is_on() && mischief.strategy == SETUP_REPLAY && !mischief_is_greeting(frame)) {
        later_remember(frame);
    }
    if (mischief_is_on() && mischief.strategy == SETUP_TWO_PREPARES && kind == MESSAGE_PROPOSE) {
        prepare_all(frame);
    }
    if (mischief_is_on() && mischief.strategy == SETUP_TWO_COMMITS && kind == MESSAGE_PROPOSE) {
        prepare_all(frame);
        commit_all(frame);
    }
    peer->received(peer->context, frame);
}

static void send_later(size_t index, struct bytes frame)
{
    forward(index, frame);
}

bool __wrap_link_client_open(struct loop *loop, const struct link_client_options *options,
                             struct link_client **out, struct error *error)
{
    const struct agent_peer *theirs = options->context;
    struct peer *peer = &peers[theirs->index];
    struct link_client_options ours = *options;

    if (mischief.keys == NULL) {
        mischief.roster = &theirs->agent->roster;
        mischief.catalog = &theirs->agent->catalog;
        mischief.keys = theirs->agent->keys;
        mischief.node = theirs->agent->options.seat;
        mischief.loop = loop;
        later_begin(send_later, pulse, PULSE_MS);
    }
    peer->received = options->received;
    peer->context = options->context;
    ours.received = receive;
    ours.context = peer;
    return __real_link_client_open(loop, &ours, &peer->client, error) &&
           (*out = peer->client, true);
}
